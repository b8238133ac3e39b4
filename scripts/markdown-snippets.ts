// The TypeScript in our Markdown: what a reader would copy, and so what has to run as it is printed. Both the tests,
// with this folder's package, and `npm run test:package`, with the packed one, take it from here.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A block of TypeScript. One that opens with more than "```ts" (such as "```ts fragment") is not meant to run. */
export interface Snippet {
  /** Where it stands, for instance `"docs/testing.md"`. */
  readonly page: string;
  /** Where it is, for instance `"README.md:46"`. */
  readonly place: string;
  /** A name for the file that it is tried in, for instance `"readme-snippet-1.ts"`. */
  readonly file: string;
  readonly code: string;
  /** Whether it prints errors on purpose; any other writes nothing to standard error. */
  readonly writesErrors: boolean;
  /** What it takes to run it, besides the package and a server: an own vitest, or a company's network with a proxy. */
  readonly needs: "vitest" | "company network" | undefined;
}

/** Those of README.md and of docs/, in order. */
export function markdownSnippets(root: string): readonly Snippet[] {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...docs.sort().map((name) => `docs/${name}`)].flatMap((path) =>
    snippetsOf(path, readFileSync(join(root, path), "utf8")),
  );
}

/** Those that need nothing but the package and a server. */
export function runnableSnippets(root: string): readonly Snippet[] {
  return markdownSnippets(root).filter(({ needs }) => needs === undefined);
}

function snippetsOf(path: string, markdown: string): readonly Snippet[] {
  const name = path.replace(/\.md$/, "").replaceAll("/", "-").toLowerCase();
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ index, 1: code = "" }, i) => ({
    page: path,
    place: `${path}:${markdown.slice(0, index).split("\n").length}`,
    file: `${name}-snippet-${i + 1}.ts`,
    code,
    writesErrors: code.includes("console.error"),
    needs: needsOf(path, code),
  }));
}

function needsOf(path: string, code: string): Snippet["needs"] {
  if (code.includes('from "vitest"')) return "vitest";
  return path === "docs/proxies-and-mtls.md" ? "company network" : undefined;
}

/** The jobs that snippets run, stop and delete: those of the `serve` in README. */
export const SNIPPET_JOBS = ["job-1", "job-2"] as const;

/** The variables that tell snippets where ByteNite is. */
export function snippetEnvironment(server: { readonly baseUrl: string; readonly accessToken: string }): {
  readonly BYTENITE_BASE_URL: string;
  readonly BYTENITE_ACCESS_TOKEN: string;
} {
  return { BYTENITE_BASE_URL: server.baseUrl, BYTENITE_ACCESS_TOKEN: server.accessToken };
}

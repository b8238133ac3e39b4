// Extracts the TypeScript snippets from the Markdown. Both the tests, with the package of this folder, and
// `npm run test:package`, with the packed one, run them unchanged.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A block of TypeScript. A block that opens with more than "```ts" (such as "```ts fragment") is not run. */
export interface Snippet {
  /** The page, for instance `"docs/testing.md"`. */
  readonly page: string;
  /** The page and line, for instance `"README.md:46"`. */
  readonly place: string;
  /** The name of the file in which it runs, for instance `"readme-snippet-1.ts"`. */
  readonly file: string;
  readonly code: string;
  /** Whether it prints errors on purpose. Other snippets must write nothing to standard error. */
  readonly writesErrors: boolean;
  /** What it needs to run, besides the package and a server: vitest, a company network with a proxy, or a log service. */
  readonly needs: "vitest" | "company network" | "log service" | undefined;
}

/** The snippets of README.md and of docs/, in order. */
export function markdownSnippets(root: string): readonly Snippet[] {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...docs.sort().map((name) => `docs/${name}`)].flatMap((path) =>
    snippetsOf(path, readFileSync(join(root, path), "utf8")),
  );
}

/** The snippets that need only the package and a server. */
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
  if (path === "docs/streaming.md") return "log service";
  return path === "docs/proxies-and-mtls.md" ? "company network" : undefined;
}

/** The jobs that snippets use, as in the `serve` command of the README. */
export const SNIPPET_JOBS = ["job-1", "job-2"] as const;

/** The environment variables with which snippets reach the server. */
export function snippetEnvironment(server: { readonly baseUrl: string; readonly accessToken: string }): {
  readonly BYTENITE_BASE_URL: string;
  readonly BYTENITE_ACCESS_TOKEN: string;
} {
  return { BYTENITE_BASE_URL: server.baseUrl, BYTENITE_ACCESS_TOKEN: server.accessToken };
}

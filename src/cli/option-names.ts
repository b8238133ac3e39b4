import type { ParsedOptions } from "./options.ts";

/** What the library calls an option, and what it is called here: as an option, and in the environment. */
const names = {
  "config.taskTimeout": ["--task-timeout"],
  "config.jobTimeout": ["--job-timeout"],
  job_id: ["<jobId>"],
  baseUrl: ["--base-url", "BYTENITE_BASE_URL"],
  accessToken: ["--access-token", "BYTENITE_ACCESS_TOKEN"],
  apiKey: ["--api-key", "BYTENITE_API_KEY"],
  tokenUrl: ["--token-url"],
  allowInsecure: ["--allow-insecure"],
  timeoutMs: ["--timeout"],
} as const satisfies Readonly<Record<string, readonly [option: string, variable?: string]>>;

// What is quoted, and what stands in braces, is a value or a route: not ours to rename.
const pattern = new RegExp(
  String.raw`"(?:[^"\\]|\\.)*"|\{[^}]*\}|\b(${Object.keys(names).join("|").replaceAll(".", String.raw`\.`)})\b`,
  "g",
);

/** What the library says of an option, with the name that it has on the command line, or where it came from. */
export function inTermsOfCommandLine(reason: string, options: ParsedOptions | undefined): string {
  return reason.replace(pattern, (found, name?: string) => {
    if (name === undefined) return found;
    const [option, variable]: readonly [string, string?] = names[name as keyof typeof names];
    const isGiven = options?.text(option.slice(2)) !== undefined;
    return isGiven ? option : (variable ?? option);
  });
}

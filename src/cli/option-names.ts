import type { ParsedOptions } from "./options.ts";

/** The names of the library's options on the command line and in the environment. */
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

// Text in quotes or braces is a value or a route, and keeps its names.
const pattern = new RegExp(
  String.raw`"(?:[^"\\]|\\.)*"|\{[^}]*\}|\b(${Object.keys(names).join("|").replaceAll(".", String.raw`\.`)})\b`,
  "g",
);

/** Replaces the library's option names in an error by the names of the command line or the environment. */
export function withCommandLineNames(reason: string, options: ParsedOptions | undefined): string {
  return reason.replace(pattern, (found, name?: string) => {
    if (name === undefined) return found;
    const [option, variable]: readonly [string, string?] = names[name as keyof typeof names];
    const isGiven = options?.text(option.slice(2)) !== undefined;
    return isGiven ? option : (variable ?? option);
  });
}

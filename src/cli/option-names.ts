import type { ParsedOptions } from "./options.ts";

/** Names of the library's options, each with its name on the command line and perhaps in the environment. */
export type LibraryNames = Readonly<Record<string, readonly [option: string, variable?: string]>>;

/** Replaces the library's names in an error by the names of the command line or the environment. */
export function withCommandLineNames(
  reason: string,
  names: LibraryNames,
  options: ParsedOptions | undefined,
): string {
  return reason.replace(patternOf(names), (found, name?: string) => {
    const [option, variable] = names[name ?? ""] ?? [];
    if (option === undefined) return found;
    const isGiven = options?.text(option.slice(2)) !== undefined;
    return isGiven ? option : (variable ?? option);
  });
}

/** Matches the names, and text in quotes or braces: that is a value or a route, and keeps its names. */
function patternOf(names: LibraryNames): RegExp {
  const anyName = Object.keys(names).join("|").replaceAll(".", String.raw`\.`);
  return new RegExp(String.raw`"(?:[^"\\]|\\.)*"|\{[^}]*\}|\b(${anyName})\b`, "g");
}

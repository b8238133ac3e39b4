/**
 * Whether a command line has `--json`, without parsing it. It has its own file because an old Node.js has to load it without
 * the parser.
 */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  // Also with a value, which is an error that the user wants in JSON.
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--json" || arg.startsWith("--json="));
}

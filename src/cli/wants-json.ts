/** Whether a command line asks for JSON, as far as that can be told without parsing it. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  // Also with a value, which it does not take: who writes that wants the error in JSON.
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--json" || arg.startsWith("--json="));
}

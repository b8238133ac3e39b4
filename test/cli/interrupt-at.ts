import type { Terminal } from "../../src/cli/terminal.ts";

/** Changes a terminal so that Ctrl-C comes with a line of a stream. */
export function interruptAt(
  count: number,
  signals: NodeJS.EventEmitter,
  onLine: (line: string) => void = () => undefined,
): (terminal: Terminal) => Terminal {
  let lines = 0;
  return (terminal) => ({
    ...terminal,
    line(line, signal) {
      onLine(line);
      if (++lines === count) setImmediate(() => signals.emit("SIGINT"));
      return terminal.line(line, signal);
    },
  });
}

/** Where results and errors go, and whether they may have colours. */
export interface Terminal {
  /** Writes a line of the result to standard output. */
  out(line: string): void;
  /** Writes a line to standard error. */
  err(line: string): void;
  readonly onOut: Paint;
  readonly onErr: Paint;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Colours a text, or leaves it as it is. */
export interface Paint {
  bold(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** The terminal of a process. */
export function terminalOf({ stdout, stderr, env }: NodeJS.Process): Terminal {
  for (const stream of [stdout, stderr]) {
    // Whoever reads may stop early, as `head` does.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    onOut: paintFor(stdout, env),
    onErr: paintFor(stderr, env),
    env,
  };
}

function paintFor(stream: NodeJS.WriteStream, env: Terminal["env"]): Paint {
  const isWanted = hasColours(stream, env);
  const paint = (code: number) => (text: string) => (isWanted ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), red: paint(31), green: paint(32), yellow: paint(33) };
}

/** FORCE_COLOR goes before NO_COLOR, as Node.js has it (`tty.WriteStream.getColorDepth`; https://no-color.org). */
function hasColours(
  { isTTY }: NodeJS.WriteStream,
  { FORCE_COLOR, NO_COLOR, TERM }: Terminal["env"],
): boolean {
  if (FORCE_COLOR !== undefined) return ["", "1", "2", "3", "true"].includes(FORCE_COLOR);
  return isTTY === true && !NO_COLOR && TERM !== "dumb";
}

/** A server's words without what would control the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

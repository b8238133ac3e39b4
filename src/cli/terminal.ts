import { fstatSync, writeSync } from "node:fs";
import { addAbortSignal } from "node:stream";
import { isatty } from "node:tty";

/** Writes results and errors, with colours if the streams support them. */
export interface Terminal {
  /** Writes a result to standard output; if that fails, to standard error. */
  out(lines: string): void;
  /**
   * Writes a line of a stream to standard output. It resolves when there is room for the next one, and so holds the stream
   * back while its reader is slow.
   *
   * @param signal ends the wait for a reader that does not read
   * @returns false if nothing can be written any more: the reader has left, or the write failed, which is reported
   */
  line(line: string, signal: AbortSignal): Promise<boolean>;
  /** Writes an error to standard error; if that fails, to standard output. */
  err(lines: string): void;
  /** Writes a line to standard error, and ignores failures. */
  hint(line: string): void;
  /**
   * Waits until everything is written.
   *
   * @param signal ends the wait for a stream that is not read: the rest of its text goes to the other stream
   */
  written(signal?: AbortSignal): Promise<Written>;
  /** Standard input, as it comes. */
  input(signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Whether a person reads standard output. */
  readonly isInteractive: boolean;
  readonly onOut: Paint;
  readonly onErr: Paint;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The result of writing.
 *
 * - `"all"`: everything was written to its stream.
 * - `"lost"`: a stream failed, and the rest of its text went to the other stream.
 * - `"stuck"`: the same, but the stream still waits for its reader, which keeps the process alive.
 */
export type Written = "all" | "lost" | "stuck";

/** Colours a text, if the stream supports colours. */
export interface Paint {
  bold(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Creates the terminal of a process. */
export function terminalOf(process: NodeJS.Process): Terminal {
  const { stdout, stderr, env } = process;
  const out = sinkOf(stdout, "standard output");
  const err = sinkOf(stderr, "standard error");
  const reports: Promise<void>[] = [];
  let written: Written = "all";
  let giveUp: () => void = () => undefined;
  const stuck = new Promise<Failure>((resolve) => {
    giveUp = () => resolve(STUCK);
  });
  const report = async (lines: string, to: Sink, other: Sink) => {
    const failure = await Promise.race([to.write(`${lines}\n`), stuck]);
    if (failure !== undefined) await reportLost(failure, lines, to, other);
  };
  const reportLost = async (failure: Failure, lines: string, to: Sink, other: Sink) => {
    if (written !== "stuck") written = failure === STUCK ? "stuck" : "lost";
    const reason = `error: cannot write to ${to.name} (${failure.reason}). The text was:`;
    await other.write(`${reason}\n${lines}\n`);
  };
  return {
    out: (lines) => void reports.push(report(lines, out, err)),
    async line(line, signal) {
      const failure = await untilAborted(out.write(`${line}\n`), signal);
      // Whoever reads a stream may leave it, as head does. After Ctrl-C nobody waits for the rest.
      if (failure === STUCK) written = "stuck";
      else if (failure !== undefined && failure.reason !== "EPIPE")
        reports.push(reportLost(failure, line, out, err));
      return failure === undefined;
    },
    err: (lines) => void reports.push(report(lines, err, out)),
    hint: (line) => void err.write(`${line}\n`),
    async written(signal) {
      // Not at once: a stream reports a completed write a little later.
      if (signal?.aborted === true) setImmediate(giveUp);
      signal?.addEventListener("abort", giveUp);
      await Promise.all(reports);
      return written;
    },
    async *input(signal) {
      // Only now: Node.js opens the stream when it is first asked for it.
      const { stdin } = process;
      if (stdin.isTTY) stderr.write("Type the request, and end it with Ctrl-D.\n");
      yield* addAbortSignal(signal, stdin);
    },
    isInteractive: stdout.isTTY === true,
    onOut: paintFor(stdout, env),
    onErr: paintFor(stderr, env),
    env,
  };
}

/** Why a write failed. */
interface Failure {
  readonly reason: string;
}

const STUCK: Failure = { reason: "nothing reads it" };

/** The result of a write, or that it is stuck when the signal aborts. */
function untilAborted(
  write: Promise<Failure | undefined>,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  return new Promise((resolve) => {
    // Not at once: a stream reports a completed write a little later.
    const giveUp = () => setImmediate(resolve, STUCK);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp);
    void write.then((failure) => {
      signal.removeEventListener("abort", giveUp);
      resolve(failure);
    });
  });
}

interface Sink {
  readonly name: string;
  /** Resolves when the text is written, with the failure if there was one. */
  write(text: string): Promise<Failure | undefined>;
}

function sinkOf(stream: NodeJS.WriteStream & { readonly fd?: number }, name: string): Sink {
  let first: Failure | undefined;
  const failed = (error: NodeJS.ErrnoException): Failure => {
    // Later failures only say that the stream has ended.
    first ??= { reason: error.code ?? error.message };
    return first;
  };
  const { fd } = stream;
  if (fd !== undefined && isFile(fd)) {
    return {
      name,
      async write(text) {
        try {
          writeWhole(fd, Buffer.from(text));
          return undefined;
        } catch (error) {
          return failed(error as NodeJS.ErrnoException);
        }
      },
    };
  }
  stream.on("error", failed);
  return {
    name,
    write: (text) =>
      new Promise((resolve) => {
        stream.write(text, (error) => resolve(error ? failed(error) : undefined));
      }),
  };
}

/**
 * Whether a descriptor is a file or a device such as /dev/full. Node.js writes to these synchronously and ignores partial
 * writes: on a nearly full disk it loses the end of a text without an error (seen on 24.21).
 */
function isFile(fd: number): boolean {
  const stat = fstatSync(fd);
  return stat.isFile() || (stat.isCharacterDevice() && !isatty(fd));
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function paintFor(stream: NodeJS.WriteStream, env: Terminal["env"]): Paint {
  const isWanted = hasColours(stream, env);
  const paint = (code: number) => (text: string) => (isWanted ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: paint(1), red: paint(31), green: paint(32), yellow: paint(33) };
}

/** FORCE_COLOR overrides NO_COLOR, as in Node.js (`tty.WriteStream.getColorDepth`; https://no-color.org). */
function hasColours(
  { isTTY }: NodeJS.WriteStream,
  { FORCE_COLOR, NO_COLOR, TERM }: Terminal["env"],
): boolean {
  if (FORCE_COLOR !== undefined) return ["", "1", "2", "3", "true"].includes(FORCE_COLOR);
  return isTTY === true && !NO_COLOR && TERM !== "dumb";
}

/** Removes control characters from a server's text. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

/** Escapes control characters as in JSON, except tabs and line feeds, and so leaves JSON what it was. */
export function escapeControls(text: string): string {
  return text.replace(/[^\P{Cc}\t\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => {
    const units = Array.from({ length: found.length }, (_, i) => found.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

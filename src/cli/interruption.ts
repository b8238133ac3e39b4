import { ExitStatus } from "./exit-status.ts";

/** Turns Ctrl-C and SIGTERM into an abort of the call in flight. A second one ends the process at once. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** The exit status after an interruption. */
  readonly status: ExitStatus | undefined;
  /** Resolves at the interruption. */
  readonly happened: Promise<void>;
  /** Stops listening. */
  stop(): void;
}

/** Listens for Ctrl-C and SIGTERM until `stop()`. */
export function listenForInterruption(process: NodeJS.Process): Interruption {
  const abort = new AbortController();
  let status: ExitStatus | undefined;
  let resolve: () => void = () => undefined;
  const happened = new Promise<void>((done) => {
    resolve = done;
  });
  const stop = () => {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onTerminate);
  };
  const end = (exitStatus: ExitStatus) => {
    stop();
    status = exitStatus;
    abort.abort();
    resolve();
  };
  const onInterrupt = () => end(ExitStatus.Interrupted);
  const onTerminate = () => end(ExitStatus.Terminated);
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return {
    signal: abort.signal,
    happened,
    get status() {
      return status;
    },
    stop,
  };
}

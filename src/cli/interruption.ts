import { ExitStatus } from "./exit-status.ts";

/** Ctrl-C and SIGTERM, turned into a signal for the call in flight. A second one ends the process at once. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** What the process should exit with, once there was one. */
  readonly status: ExitStatus | undefined;
  /** Resolves when there was one. */
  readonly happened: Promise<void>;
  /** Ends the listening. */
  stop(): void;
}

/** Listens until it is stopped. */
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

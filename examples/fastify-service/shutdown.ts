import { setTimeout } from "node:timers/promises";
import type { FastifyInstance } from "fastify";

/** How long the steps of a shutdown take at most, in milliseconds. */
export interface ShutdownTimes {
  /** How long calls are still taken after `/readyz` turned false, for load balancers to notice. */
  readonly noticeMs: number;
  /** How long the calls in flight may then go on. Those that are left are cancelled, and answered. */
  readonly graceMs: number;
}

/** For answers to go out, once everything is cancelled. */
const LAST_WORDS_MS = 1_000;

/** Ends the service in order, and resolves when its client is closed too. */
export async function shutDown(app: FastifyInstance, { noticeMs, graceMs }: ShutdownTimes): Promise<void> {
  const { lifecycle, log, server } = app;
  lifecycle.beginShutdown();
  if (noticeMs > 0) await setTimeout(noticeMs);

  // From here on connections are refused, and requests on open ones get 503. It waits for those in flight.
  const closed = app.close();
  const over = new AbortController();
  const after = (ms: number, act: () => void) =>
    setTimeout(ms, undefined, { signal: over.signal }).then(act, () => undefined);
  after(graceMs, () => {
    log.warn("calls are still in flight; they are cancelled now");
    lifecycle.cutOffCalls();
  });
  after(graceMs + LAST_WORDS_MS, () => {
    log.error("connections are still open; they are closed now");
    server.closeAllConnections();
  });
  try {
    await closed;
  } finally {
    over.abort();
  }
}

/** Shuts down at the first SIGTERM or SIGINT. The second one ends the process at once. */
export function shutDownOnSignals(app: FastifyInstance, times: ShutdownTimes): void {
  let isClosing = false;
  const onSignal = async (signal: NodeJS.Signals) => {
    if (isClosing) process.exit(1);
    isClosing = true;
    app.log.info({ signal }, "shutting down");
    try {
      await shutDown(app, times);
      app.log.info("closed");
    } catch (err) {
      app.log.error({ err }, "the shutdown failed");
      process.exitCode = 1;
    }
    // Nothing is left that keeps the process alive, so it ends by itself, when the log is written.
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

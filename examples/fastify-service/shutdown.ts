import { setTimeout } from "node:timers/promises";
import type { FastifyInstance } from "fastify";

/** The time limits of a shutdown, in milliseconds. */
export interface ShutdownTimes {
  /** How long the service accepts calls after `/readyz` fails, so that load balancers notice. */
  readonly noticeMs: number;
  /** How long calls in flight may then take. The service cancels the rest, and responds with an error. */
  readonly graceMs: number;
}

/** The time for responses after the calls are cancelled, in milliseconds. */
const RESPONSE_MS = 1_000;

/** Shuts the service down. Resolves when its client is closed too. */
export async function shutDown(app: FastifyInstance, { noticeMs, graceMs }: ShutdownTimes): Promise<void> {
  const { lifecycle, log, server } = app;
  lifecycle.beginShutdown();
  if (noticeMs > 0) await setTimeout(noticeMs);

  // Refuses new connections, responds with 503 on open ones, and waits for the calls in flight.
  const closed = app.close();
  const over = new AbortController();
  const after = (ms: number, act: () => void) =>
    setTimeout(ms, undefined, { signal: over.signal }).then(act, () => undefined);
  after(graceMs, () => {
    log.warn("calls are still in flight; they are cancelled now");
    lifecycle.cutOffCalls();
  });
  after(graceMs + RESPONSE_MS, () => {
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
    // Nothing keeps the process alive any more, so it ends when the log is written.
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

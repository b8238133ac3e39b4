// Starts the service, with options from the environment.
import { JobsClient } from "bytenite-jobs";
import { buildApp } from "./app.ts";
import { shutDownOnSignals } from "./shutdown.ts";

const { env } = process;

// One client for the whole process: it has the connections, and the counters that throttle retries in an outage.
const jobs = new JobsClient({
  baseUrl: env.BYTENITE_BASE_URL, // unset: https://api.bytenite.com/v1/customer
  accessToken: env.BYTENITE_ACCESS_TOKEN ?? "",
});

const app = buildApp(jobs, {
  logger: { level: env.LOG_LEVEL ?? "info" },
  maxCallMs: milliseconds("MAX_CALL_MS", 30_000, 1),
  apiHonoursIdempotencyKeys: env.API_HONOURS_IDEMPOTENCY_KEYS === "true",
});

shutDownOnSignals(app, {
  noticeMs: milliseconds("SHUTDOWN_NOTICE_MS", 0),
  graceMs: milliseconds("SHUTDOWN_GRACE_MS", 10_000),
});

await app.listen({ host: env.HOST ?? "127.0.0.1", port: Number(env.PORT ?? 3000) });

function milliseconds(name: string, otherwise: number, least = 0): number {
  const value = Number(env[name] ?? otherwise);
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number of milliseconds from ${least} up, not ${env[name]}`);
}

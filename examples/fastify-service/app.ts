import type { JobsClient } from "bytenite-jobs";
import Fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import { healthRoutes } from "./health-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { Lifecycle } from "./lifecycle.ts";

declare module "fastify" {
  interface FastifyInstance {
    readonly lifecycle: Lifecycle;
  }
}

/** The options of the service. */
export interface AppOptions {
  /** Pino's options, or `false` for no log. @default true */
  readonly logger?: FastifyServerOptions["logger"];
  /** The limit for the deadline of a call, in milliseconds. @default 30_000 */
  readonly maxCallMs?: number;
  /**
   * Whether the API executes two calls with the same `Idempotency-Key` only once. Only then may the client retry a lost run.
   * Otherwise the service only passes the key on.
   *
   * @default false
   */
  readonly apiHonoursIdempotencyKeys?: boolean;
}

/** Builds the service, without listening. It owns the client: closing the service closes the client after its calls in flight. */
export function buildApp(jobs: JobsClient, options: AppOptions = {}): FastifyInstance {
  const { logger = true, maxCallMs = 30_000, apiHonoursIdempotencyKeys = false } = options;
  const app = Fastify({
    logger,
    requestIdHeader: "x-request-id",
    // By default Fastify removes properties that the schema does not have. Here they are an error.
    ajv: { customOptions: { removeAdditional: false } },
  });
  const lifecycle = new Lifecycle();
  app.decorate("lifecycle", lifecycle);
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
    // An open connection would delay the end of the process.
    if (!lifecycle.isReady) reply.header("connection", "close");
  });
  // Fastify runs this hook after the last response.
  app.addHook("onClose", () => jobs.close());
  app.register(healthRoutes, { lifecycle });
  app.register(jobRoutes, { jobs, lifecycle, maxCallMs, apiHonoursIdempotencyKeys });
  return app;
}

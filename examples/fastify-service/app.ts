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

/** How the service is set up. */
export interface AppOptions {
  /** Pino's options, or `false` for no log. @default true */
  readonly logger?: FastifyServerOptions["logger"];
  /** The longest time that a call may take, whatever its caller allows, in milliseconds. @default 30_000 */
  readonly maxCallMs?: number;
  /**
   * Whether the API makes sure that two calls with one `Idempotency-Key` happen once. Only then may a run that
   * was lost be made again; otherwise the key is passed on and changes nothing here.
   *
   * @default false
   */
  readonly apiHonoursIdempotencyKeys?: boolean;
}

/**
 * The service, not yet listening. It owns the client from here on: closing the one closes the other, once the
 * calls in flight are answered.
 */
export function buildApp(jobs: JobsClient, options: AppOptions = {}): FastifyInstance {
  const { logger = true, maxCallMs = 30_000, apiHonoursIdempotencyKeys = false } = options;
  const app = Fastify({
    logger,
    requestIdHeader: "x-request-id",
    // Fastify drops from a request what its schema does not know. Here that is an error.
    ajv: { customOptions: { removeAdditional: false } },
  });
  const lifecycle = new Lifecycle();
  app.decorate("lifecycle", lifecycle);
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
    // A connection that stays open would hold up the end of the process.
    if (!lifecycle.isReady) reply.header("connection", "close");
  });
  // Fastify calls it when the last request is answered.
  app.addHook("onClose", () => jobs.close());
  app.register(healthRoutes, { lifecycle });
  app.register(jobRoutes, { jobs, lifecycle, maxCallMs, apiHonoursIdempotencyKeys });
  return app;
}

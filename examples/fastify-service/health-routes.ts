import type { FastifyInstance } from "fastify";
import type { Lifecycle } from "./lifecycle.ts";

/**
 * Health checks for an orchestrator. They do not depend on the API: its outage is no reason to restart this service, and
 * without it in the load balancer, callers would get less specific errors.
 */
export async function healthRoutes(
  app: FastifyInstance,
  { lifecycle }: { readonly lifecycle: Lifecycle },
): Promise<void> {
  // Requests every few seconds would fill the log.
  const options = { logLevel: "warn" } as const;

  /** Liveness: the process responds. */
  app.get("/livez", options, async () => ({ status: "ok" }));

  /** Readiness: false while the service shuts down, so that no new calls are sent here. */
  app.get("/readyz", options, async (_request, reply) => {
    if (lifecycle.isReady) return { status: "ok" };
    reply.code(503);
    return { status: "shutting down" };
  });
}

import type { FastifyInstance } from "fastify";
import type { Lifecycle } from "./lifecycle.ts";

/**
 * What an orchestrator asks. Neither answer depends on the API: an outage over there is no reason to restart this
 * service, and taking it out of the load balancer would hide errors that say more than that.
 */
export async function healthRoutes(
  app: FastifyInstance,
  { lifecycle }: { readonly lifecycle: Lifecycle },
): Promise<void> {
  // They are asked every few seconds, and would fill the log.
  const options = { logLevel: "warn" } as const;

  /** Liveness: the process answers. */
  app.get("/livez", options, async () => ({ status: "ok" }));

  /** Readiness: false while the service shuts down, so that no new calls are sent here. */
  app.get("/readyz", options, async (_request, reply) => {
    if (lifecycle.isReady) return { status: "ok" };
    reply.code(503);
    return { status: "shutting down" };
  });
}

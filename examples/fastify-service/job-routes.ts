import type { ServerResponse } from "node:http";
import {
  type CallOptions,
  type GenericResponse,
  type JobConfigInit,
  type JobsClient,
  RpcError,
} from "bytenite-jobs";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { errorToHttp } from "./error-to-http.ts";
import type { Lifecycle } from "./lifecycle.ts";

interface JobRoutesOptions {
  readonly jobs: JobsClient;
  readonly lifecycle: Lifecycle;
  readonly maxCallMs: number;
  readonly apiHonoursIdempotencyKeys: boolean;
}

interface JobRoute {
  Params: { readonly id: string };
  Headers: { readonly "x-request-timeout-ms"?: number; readonly "idempotency-key"?: string };
}

const schema = {
  headers: {
    type: "object",
    properties: {
      "x-request-timeout-ms": { type: "integer", minimum: 1 },
      "idempotency-key": { type: "string", pattern: "^[!-~]{1,255}$" },
    },
  },
};

/** `POST /jobs/:id/run`, `POST /jobs/:id/abort` and `DELETE /jobs/:id`. */
export async function jobRoutes(app: FastifyInstance, options: JobRoutesOptions): Promise<void> {
  const { jobs } = options;
  app.setErrorHandler(sendError);

  // The body has no schema: the client validates it.
  app.post<JobRoute & { Body: JobConfigInit | undefined }>("/jobs/:id/run", { schema }, (request, reply) =>
    respond(request, callOptions(request, reply, options), (call) =>
      jobs.run(request.params.id, request.body, call),
    ),
  );

  app.post<JobRoute>("/jobs/:id/abort", { schema }, (request, reply) =>
    respond(request, callOptions(request, reply, options), (call) => jobs.abort(request.params.id, call)),
  );

  app.delete<JobRoute>("/jobs/:id", { schema }, (request, reply) =>
    respond(request, callOptions(request, reply, options), (call) => jobs.delete(request.params.id, call)),
  );
}

/** A call may last until its deadline, or until the caller disconnects. */
function callOptions(
  { headers }: FastifyRequest<JobRoute>,
  reply: FastifyReply,
  { lifecycle, maxCallMs, apiHonoursIdempotencyKeys }: JobRoutesOptions,
): CallOptions {
  const { "x-request-timeout-ms": callerMs = maxCallMs, "idempotency-key": idempotencyKey } = headers;
  return {
    timeoutMs: Math.min(callerMs, maxCallMs),
    signal: AbortSignal.any([disconnectSignal(reply.raw), lifecycle.cutOff]),
    // With `idempotencyKey`, the client retries a lost run, because the server honours the key. With a header it does not.
    ...(apiHonoursIdempotencyKeys ? { idempotencyKey } : { headers: { "idempotency-key": idempotencyKey } }),
  };
}

/**
 * Aborts when the caller's connection closes before the response is complete.
 *
 * It uses the response, because Fastify's `request.signal` (5.12) follows the request, which Node closes as soon as its body is
 * read: a call with a body would be cancelled before it begins.
 */
function disconnectSignal(response: ServerResponse): AbortSignal {
  const disconnected = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) disconnected.abort(new Error("the caller disconnected"));
  });
  return disconnected.signal;
}

async function respond(
  request: FastifyRequest<JobRoute>,
  options: CallOptions,
  call: (options: CallOptions) => Promise<GenericResponse>,
): Promise<{ readonly requestId: string; readonly message: string }> {
  const { requestId, message } = await call(options);
  request.log.info({ jobId: request.params.id, apiRequestId: requestId }, "the call is done");
  return { requestId, message };
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Errors of Fastify, such as for a body that is not JSON, and bugs in this service.
  if (!(error instanceof RpcError)) return reply.send(error);
  const { status, retryAfter, level, problem } = errorToHttp(error);
  // The error as JSON has its outcome, its attempts and the server's message, and no credential.
  request.log[level]({ rpc: error.toJSON(), outcome: error.outcome, status }, "the call failed");
  if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
  return reply.code(status).type("application/problem+json").send(problem);
}

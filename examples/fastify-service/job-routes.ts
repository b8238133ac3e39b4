import {
  type CallOptions,
  type GenericResponse,
  type JobConfigInit,
  type JobsClient,
  RpcError,
} from "bytenite-jobs";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { callerGone } from "./caller-gone.ts";
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

  // The body has no schema: the client checks it whole, and knows the names of its fields.
  app.post<JobRoute & { Body: JobConfigInit | undefined }>("/jobs/:id/run", { schema }, (request, reply) =>
    answer(request, callOptions(request, reply, options), (call) =>
      jobs.run(request.params.id, request.body, call),
    ),
  );

  app.post<JobRoute>("/jobs/:id/abort", { schema }, (request, reply) =>
    answer(request, callOptions(request, reply, options), (call) => jobs.abort(request.params.id, call)),
  );

  app.delete<JobRoute>("/jobs/:id", { schema }, (request, reply) =>
    answer(request, callOptions(request, reply, options), (call) => jobs.delete(request.params.id, call)),
  );
}

/** A call may last as long as its caller waits for it: until its deadline, or until it hangs up. */
function callOptions(
  { headers }: FastifyRequest<JobRoute>,
  reply: FastifyReply,
  { lifecycle, maxCallMs, apiHonoursIdempotencyKeys }: JobRoutesOptions,
): CallOptions {
  const { "x-request-timeout-ms": callerMs = maxCallMs, "idempotency-key": idempotencyKey } = headers;
  return {
    timeoutMs: Math.min(callerMs, maxCallMs),
    signal: AbortSignal.any([callerGone(reply.raw), lifecycle.cutOff]),
    // As `idempotencyKey` it says that the server honours it, and a lost run is made again. As a header it does not.
    ...(apiHonoursIdempotencyKeys ? { idempotencyKey } : { headers: { "idempotency-key": idempotencyKey } }),
  };
}

async function answer(
  request: FastifyRequest<JobRoute>,
  options: CallOptions,
  call: (options: CallOptions) => Promise<GenericResponse>,
): Promise<{ readonly requestId: string; readonly message: string }> {
  const { requestId, message } = await call(options);
  request.log.info({ jobId: request.params.id, apiRequestId: requestId }, "the call is done");
  return { requestId, message };
}

function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // What Fastify itself refuses, such as a body that is no JSON, and mistakes in our own code.
  if (!(error instanceof RpcError)) return reply.send(error);
  const { status, retryAfter, level, problem } = errorToHttp(error);
  // The error as JSON has its outcome, its attempts and the server's words, and no credential.
  request.log[level]({ rpc: error.toJSON(), outcome: error.outcome, status }, "the call failed");
  if (retryAfter !== undefined) reply.header("retry-after", retryAfter);
  return reply.code(status).type("application/problem+json").send(problem);
}

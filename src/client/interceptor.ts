import type { DescMessage, DescMethodUnary, Message, MessageShape } from "@bufbuild/protobuf";
import { messageFromInit } from "../codecs/message-from-init.ts";
import { Code } from "../errors/code.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { type AttemptRecord, RpcError } from "../errors/rpc-error.ts";
import { Redactor, responseRedactor } from "../responses/redactor.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import type { CallOptions } from "./call-options.ts";
import type { IncomingMetadata } from "./incoming-metadata.ts";
import { invalidCall } from "./invalid-call.ts";

/** A call in an interceptor. To change it, pass a changed copy to `next`. */
export interface UnaryRequest<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage>
  extends CallOptions {
  readonly method: DescMethodUnary<I, O>;
  readonly message: MessageShape<I>;
}

/** The response of a call. */
export interface UnaryResponse<O extends DescMessage = DescMessage> {
  readonly message: MessageShape<O>;
  /** The HTTP status. */
  readonly status: number;
  readonly headers: HttpHeaders;
  /** The metadata in `Grpc-Metadata-*` headers and `Grpc-Trailer-*` trailers. */
  readonly metadata: IncomingMetadata;
  /** How many attempts the call made. */
  readonly attempts: number;
  /** One record for each attempt. The last one is the successful attempt. */
  readonly history: readonly AttemptRecord[];
}

/** Continues a call: the next interceptor, or the call itself. */
export type Next = (request: UnaryRequest) => Promise<UnaryResponse>;

/**
 * Wraps every call of a transport: deadline, retries, encoding and network are inside. The first interceptor in the list
 * is the outermost.
 */
export type Interceptor = (next: Next) => Next;

/**
 * Wraps interceptors around `end`. It validates the requests and responses that they pass on: a request without its
 * method, or a forgotten return, fails with an error that names interceptors and not with a TypeError elsewhere.
 */
export function compose(interceptors: readonly Interceptor[], end: Next): Next {
  if (interceptors.length === 0) return end;
  const checkedEnd: Next = async (request) => spreadable(await end(checkedRequest(request)));
  return interceptors.reduceRight<Next>((next, interceptor) => {
    const intercepted = interceptor(next);
    if (typeof intercepted !== "function") {
      throw invalidArgument("interceptors: an interceptor must return a function of the request");
    }
    return async (request) => checkedResponse(await intercepted(request), request);
  }, checkedEnd);
}

/** The redactors of responses by their message, because an interceptor may put the message into another response. */
const redactorByMessage = new WeakMap<Message, Redactor>();

type WithRedactor = UnaryResponse & { readonly [responseRedactor]?: Redactor | undefined };

/** The redactor for an error made from a response: it knows the secrets of the request. */
export function redactorOf(response: UnaryResponse): Redactor {
  const redactor = (response as WithRedactor)[responseRedactor] ?? redactorByMessage.get(response.message);
  return redactor ?? new Redactor([]);
}

/** Copies a response to own properties, so that interceptors can change a copy with `{ ...response }`. */
function spreadable(response: UnaryResponse): UnaryResponse {
  redactorByMessage.set(response.message, redactorOf(response));
  return { ...response, metadata: response.metadata };
}

function checkedRequest(request: UnaryRequest): UnaryRequest {
  if (typeof request === "object" && request !== null && request.method && request.message) {
    const message = messageOf(request);
    return message === request.message ? request : { ...request, message };
  }
  throw invalidArgument("interceptors: next() must be called with the request, or a changed copy of it");
}

function messageOf({ method, message }: UnaryRequest): Message {
  try {
    return messageFromInit(method.input, message);
  } catch (error) {
    throw invalidCall(error, rpcName(method));
  }
}

function checkedResponse(response: UnaryResponse, { method }: UnaryRequest): UnaryResponse {
  if (response?.message?.$typeName === method.output.typeName && Array.isArray(response.history))
    return response;
  const reason = `interceptors: one returned no response with a ${method.output.typeName}`;
  // The outcome is unknown, because the interceptor may have called `next` before.
  throw new RpcError({ code: Code.Internal, reason, outcome: "unknown", method: rpcName(method) });
}

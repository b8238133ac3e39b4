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
import { refusal } from "./invalid-call.ts";

/** A call, as an interceptor sees it. To change it, pass a changed copy to `next`. */
export interface UnaryRequest<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage>
  extends CallOptions {
  readonly method: DescMethodUnary<I, O>;
  readonly message: MessageShape<I>;
}

/** The answer to a call. */
export interface UnaryResponse<O extends DescMessage = DescMessage> {
  readonly message: MessageShape<O>;
  /** The HTTP status. */
  readonly status: number;
  readonly headers: HttpHeaders;
  /** What came as `Grpc-Metadata-*` headers and `Grpc-Trailer-*` trailers. */
  readonly metadata: IncomingMetadata;
  /** How many requests were begun. */
  readonly attempts: number;
  /** One record for each attempt, the one that was answered last. */
  readonly history: readonly AttemptRecord[];
}

/** What an interceptor calls to go on. */
export type Next = (request: UnaryRequest) => Promise<UnaryResponse>;

/**
 * Stands around every call of a transport: deadline, retries, encoding and the network are inside of it.
 * The first one in the list is the outermost.
 */
export type Interceptor = (next: Next) => Next;

/**
 * Puts interceptors around the end of the line. What they pass on and give back is checked: a request without its
 * method, or a return forgotten, is a sentence about the interceptor rather than a TypeError somewhere below.
 */
export function compose(interceptors: readonly Interceptor[], end: Next): Next {
  if (interceptors.length === 0) return end;
  const checkedEnd: Next = async (request) => spreadable(await end(checkedRequest(request)));
  return interceptors.reduceRight<Next>((next, interceptor) => {
    const intercepted = interceptor(next);
    if (typeof intercepted !== "function") {
      throw invalidArgument("interceptors: an interceptor must give back a function of the request");
    }
    return async (request) => checkedResponse(await intercepted(request), request);
  }, checkedEnd);
}

/** What was sent for a message: interceptors may build another response around that. */
const secretsByMessage = new WeakMap<Message, Redactor>();

type WithSecrets = UnaryResponse & { readonly [responseRedactor]?: Redactor | undefined };

/** What was sent for a response, and an error that is made of it must not show. */
export function secretsOf(response: UnaryResponse): Redactor {
  const secrets = (response as WithSecrets)[responseRedactor] ?? secretsByMessage.get(response.message);
  return secrets ?? new Redactor([]);
}

/** With properties of its own only: interceptors make changed copies with `{ ...response }`. */
function spreadable(response: UnaryResponse): UnaryResponse {
  secretsByMessage.set(response.message, secretsOf(response));
  return { ...response, metadata: response.metadata };
}

function checkedRequest(request: UnaryRequest): UnaryRequest {
  if (typeof request === "object" && request !== null && request.method && request.message) {
    const message = messageOf(request);
    return message === request.message ? request : { ...request, message };
  }
  throw invalidArgument("interceptors: next() must be given the request, or a changed copy of it");
}

function messageOf({ method, message }: UnaryRequest): Message {
  try {
    return messageFromInit(method.input, message);
  } catch (error) {
    throw refusal(error, rpcName(method));
  }
}

function checkedResponse(response: UnaryResponse, { method }: UnaryRequest): UnaryResponse {
  if (response?.message?.$typeName === method.output.typeName && Array.isArray(response.history))
    return response;
  const reason = `interceptors: one gave back no response with a ${method.output.typeName}`;
  // Whether it had asked `next` before, nobody here knows.
  throw new RpcError({ code: Code.Internal, reason, outcome: "unknown", method: rpcName(method) });
}

import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  Message,
  MessageShape,
} from "@bufbuild/protobuf";
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
import { requestMessages } from "./request-messages.ts";

/** A call in an interceptor. To change it, pass a changed copy to `next`. */
export interface UnaryRequest<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage>
  extends CallOptions {
  readonly stream?: false | undefined;
  readonly method: DescMethodUnary<I, O>;
  readonly message: MessageShape<I>;
}

/** A call of a streaming method in an interceptor. To change it, pass a changed copy to `next`. */
export interface StreamRequest<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage>
  extends CallOptions {
  readonly stream: true;
  readonly method: DescMethodStreaming<I, O>;
  /** The requests; one, if the method streams only its responses. */
  readonly message: AsyncIterable<MessageShape<I>>;
}

/** The response of a call, without its message. */
interface ResponseFacts {
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

/** The response of a call. */
export interface UnaryResponse<O extends DescMessage = DescMessage> extends ResponseFacts {
  readonly stream?: false | undefined;
  readonly message: MessageShape<O>;
}

/**
 * The response of a call of a streaming method. Its properties are those of the attempt whose messages come; `attempts`,
 * `history` and `metadata` are complete when the stream has ended. A copy such as `{ ...response }` keeps what they were.
 */
export interface StreamResponse<O extends DescMessage = DescMessage> extends ResponseFacts {
  readonly stream: true;
  /** The responses; one, if the method streams only its requests. To leave the loop over them frees the connection. */
  readonly message: AsyncIterable<MessageShape<O>>;
}

/** Continues a call: the next interceptor, or the call itself. `stream` tells the two kinds of calls apart. */
export type Next = (request: UnaryRequest | StreamRequest) => Promise<UnaryResponse | StreamResponse>;

/**
 * Wraps every call of a transport: deadline, retries, encoding and network are inside. The first interceptor in the list
 * is the outermost. Of a streaming method, it may also replace the `message` of request and response, to see or change each
 * message.
 */
export type Interceptor = (next: Next) => Next;

/**
 * Wraps interceptors around `end`. It validates the requests and responses that they pass on: a request without its
 * method, or a forgotten return, fails with an error that names interceptors and not with a TypeError elsewhere.
 */
export function compose(interceptors: readonly Interceptor[], end: Next): Next {
  if (interceptors.length === 0) return end;
  const checkedEnd: Next = async (request) => {
    const response = await end(checkedRequest(request));
    return response.stream === true ? response : spreadable(response);
  };
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

function checkedRequest(request: UnaryRequest | StreamRequest): UnaryRequest | StreamRequest {
  if (typeof request === "object" && request !== null && request.method && request.message) {
    if (request.stream === true) {
      return { ...request, message: requestMessages(request.method, request.message) };
    }
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

function checkedResponse(
  response: UnaryResponse | StreamResponse,
  { method, stream }: UnaryRequest | StreamRequest,
): UnaryResponse | StreamResponse {
  if (Array.isArray(response?.history) && isMessageOf(response, method.output, stream === true)) {
    return response;
  }
  const what = stream === true ? "a stream of" : "a";
  const reason = `interceptors: one returned no response with ${what} ${method.output.typeName}`;
  // The outcome is unknown, because the interceptor may have called `next` before.
  throw new RpcError({ code: Code.Internal, reason, outcome: "unknown", method: rpcName(method) });
}

function isMessageOf(
  { message }: UnaryResponse | StreamResponse,
  { typeName }: DescMessage,
  isStream: boolean,
): boolean {
  if (typeof message !== "object" || message === null) return false;
  return isStream
    ? Symbol.asyncIterator in message
    : "$typeName" in message && message.$typeName === typeName;
}

import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { IncomingMetadata } from "../../client/incoming-metadata.ts";
import type { HttpHeaders } from "../../errors/http-headers.ts";

/** The context of a call: what a handler can read besides the request message, and add to the response. */
export interface HandlerContext {
  /** The rpc that is called. */
  readonly method: DescMethod;
  /** The request's HTTP headers, by name in lower case. */
  readonly headers: HttpHeaders;
  /** The metadata from `Grpc-Metadata-<key>` headers, by key in lower case; values of `-bin` keys in base64. */
  readonly metadata: IncomingMetadata;
  /**
   * Aborts when the caller disconnects, the deadline of `Grpc-Timeout` passes, or the server is closed. If the rpc streams,
   * also when its response ends before the handler.
   */
  readonly signal: AbortSignal;
  /** The deadline from the request's `Grpc-Timeout`, if it has one. */
  readonly deadline: Date | undefined;
  /**
   * Sets an HTTP header of the response, whether the call succeeds or fails. The headers of a streaming response are sent
   * with its first message: later this, `setStatus` and `addMetadata` throw an Error.
   *
   * @throws TypeError for an invalid header, and RangeError for one that frames the response, which only the server sets:
   * `content-length`, `transfer-encoding`, `trailer`, `upgrade`
   */
  setHeader(name: string, value: string): void;
  /**
   * Sets the HTTP status of the response if the call succeeds, 200 by default. A 204 has no body, but keeps its content type.
   *
   * @throws RangeError for a status that is not from 200 to 299
   */
  setStatus(status: number): void;
  /** Adds metadata, sent as the header `Grpc-Metadata-<key>`; bytes as base64. */
  addMetadata(key: string, value: string | Uint8Array): void;
  /**
   * Adds trailing metadata, sent after the body as the trailer `Grpc-Trailer-<key>`. As from a grpc-gateway, only callers
   * that send `TE: trailers` get it. A streaming response has no trailers.
   */
  addTrailer(key: string, value: string | Uint8Array): void;
}

/** Handles one unary rpc. It fails the call by throwing a {@link StatusError}. */
export type Handler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: HandlerContext,
) => MessageInitShape<O> | Promise<MessageInitShape<O>>;

/**
 * Handles an rpc that responds with a stream. Write it as an async generator. It is resumed when the client has read what it
 * yielded, and ends at a `yield` when the client leaves.
 */
export type ServerStreamingHandler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: HandlerContext,
) => AsyncIterable<MessageInitShape<O>>;

/** Handles an rpc that takes a stream. It may return before the client has sent all of it. */
export type ClientStreamingHandler<I extends DescMessage, O extends DescMessage> = (
  requests: AsyncIterable<MessageShape<I>>,
  context: HandlerContext,
) => MessageInitShape<O> | Promise<MessageInitShape<O>>;

/** Handles an rpc that takes a stream and responds with one; see {@link ServerStreamingHandler}. */
export type BiDiStreamingHandler<I extends DescMessage, O extends DescMessage> = (
  requests: AsyncIterable<MessageShape<I>>,
  context: HandlerContext,
) => AsyncIterable<MessageInitShape<O>>;

/**
 * The handlers of a service, under the method names of its client (`then$` for a method `Then`). An rpc without a handler
 * fails with `Unimplemented`, HTTP status 501.
 */
export type ServiceImplementation<Service extends DescService> = {
  readonly [Name in Exclude<keyof Service["method"], "then">]?:
    | HandlerOf<Service["method"][Name]>
    | undefined;
} & {
  // Separate, because TypeScript cannot infer handler parameters under a renamed key.
  readonly [Name in keyof Service["method"] & "then" as "then$"]?:
    | HandlerOf<Service["method"][Name]>
    | undefined;
};

/** The messages of a descriptor that was loaded at run time have no static type. */
type HandlerOf<Method> = DescMethodUnary extends Method
  ? DynamicHandler
  : Method extends DescMethodUnary<infer I, infer O>
    ? Handler<I, O>
    : Method extends DescMethodServerStreaming<infer I, infer O>
      ? ServerStreamingHandler<I, O>
      : Method extends DescMethodClientStreaming<infer I, infer O>
        ? ClientStreamingHandler<I, O>
        : Method extends DescMethodBiDiStreaming<infer I, infer O>
          ? BiDiStreamingHandler<I, O>
          : never;

/** As AsyncIterable, but no interface, so that a handler may declare its request as a record. */
export type MessageStream = {
  /** Iterates over the requests. */
  [Symbol.asyncIterator](): AsyncIterator<MessageShape<DescMessage>>;
};

/** A handler of any kind. What it is called with is a message or a stream, by the kind of its method. */
export type DynamicHandler = (
  request: MessageShape<DescMessage> & MessageStream,
  context: HandlerContext,
) =>
  | MessageInitShape<DescMessage>
  | Promise<MessageInitShape<DescMessage>>
  | AsyncIterable<MessageInitShape<DescMessage>>;

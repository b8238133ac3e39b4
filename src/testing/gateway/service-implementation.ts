import type {
  DescMessage,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import type { IncomingMetadata } from "../../client/incoming-metadata.ts";
import type { HttpHeaders } from "../../errors/http-headers.ts";

/** What a handler may know of a request besides its message, and say besides its answer. */
export interface HandlerContext {
  /** The rpc that is called. */
  readonly method: DescMethodUnary;
  /** The request's HTTP headers, by name in lower case. */
  readonly headers: HttpHeaders;
  /** What came as `Grpc-Metadata-<key>`, by key in lower case; values of `-bin` keys in base64. */
  readonly metadata: IncomingMetadata;
  /** Fires when the caller goes away, the time of `Grpc-Timeout` is over, or the server is closed. */
  readonly signal: AbortSignal;
  /** When the time of the request's `Grpc-Timeout` is over, if it has one. */
  readonly deadline: Date | undefined;
  /**
   * Sets an HTTP header of the answer, whether it succeeds or not.
   *
   * @throws TypeError for what is no header, and RangeError for one that frames the answer, which is the server's own to
   * set: `content-length`, `transfer-encoding`, `trailer`, `upgrade`
   */
  setHeader(name: string, value: string): void;
  /** Adds metadata, which goes out as the header `Grpc-Metadata-<key>`; bytes as base64. */
  addMetadata(key: string, value: string | Uint8Array): void;
  /**
   * Adds metadata that goes out behind the body, as the trailer `Grpc-Trailer-<key>`, and only to a caller
   * that sent `TE: trailers`: so a grpc-gateway does it.
   */
  addTrailer(key: string, value: string | Uint8Array): void;
}

/** Carries out one rpc. It says no by throwing a {@link StatusError}. */
export type Handler<I extends DescMessage, O extends DescMessage> = (
  request: MessageShape<I>,
  context: HandlerContext,
) => MessageInitShape<O> | Promise<MessageInitShape<O>>;

/**
 * A handler for each rpc of a service, under the name that a client has for it (`then$` for a method `Then`). One that is
 * missing answers `Unimplemented`, HTTP status 501.
 */
export type ServiceImplementation<Service extends DescService> = {
  readonly [Name in Exclude<keyof Service["method"], "then">]?:
    | HandlerOf<Service["method"][Name]>
    | undefined;
} & {
  // Apart: TypeScript knows no parameters of handlers by a key that is renamed.
  readonly [Name in keyof Service["method"] & "then" as "then$"]?:
    | HandlerOf<Service["method"][Name]>
    | undefined;
};

/** Of a descriptor that was not generated but loaded, nothing is known until it runs. */
type HandlerOf<Method> = DescMethodUnary extends Method
  ? Handler<DescMessage, DescMessage>
  : Method extends DescMethodUnary<infer I, infer O>
    ? Handler<I, O>
    : never;

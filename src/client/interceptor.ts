import type { DescMessage, DescMethodUnary, MessageShape } from "@bufbuild/protobuf";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { AttemptRecord } from "../errors/rpc-error.ts";
import type { CallOptions } from "./call-options.ts";
import type { IncomingMetadata } from "./incoming-metadata.ts";

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

/** Puts interceptors around the end of the line. */
export function compose(interceptors: readonly Interceptor[], end: Next): Next {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), end);
}

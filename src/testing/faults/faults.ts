import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Code } from "../../errors/code.ts";

/** A fault that a test server injects on demand. */
export type Fault =
  | StatusFault
  | MessageFault
  | DelayFault
  | ResetFault
  | HangFault
  | GarbageFault
  | ContentTypeFault
  | JsonOnlyFault
  | TruncateFault
  | HtmlFault
  | OversizeFault
  | StreamFault;

/** A fault that a memory server injects on demand: each {@link Fault}, and one that needs no listening server. */
export type MemoryFault = Fault | NotConnectedFault;

/** The option that most faults have. */
export interface MayExecute {
  /**
   * Whether the server executes the request first (token check, decoding, handler), so that only the response is
   * faulty. If it does not execute, and the fault changes a response instead of making one, that response is the rpc's
   * output with all fields at their defaults.
   */
  readonly execute?: boolean | undefined;
}

/** Responds with an HTTP status, as a proxy or an overloaded server does. `execute` is `false` by default. */
export interface StatusFault extends MayExecute {
  readonly kind: "status";
  /** The HTTP status. */
  readonly status: number;
  /** Sent as `Retry-After`: seconds, or a point in time. */
  readonly retryAfter?: number | Date | undefined;
  /** Framing headers are not allowed (`content-length`, `transfer-encoding`, `trailer`, `upgrade`). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The body, sent unchanged.
   *
   * @default an error in the server's `errorFormat`; empty for a status below 400
   */
  readonly body?: string | Uint8Array | undefined;
  /** An empty string sends none. @default `text/plain` for a `body`, otherwise that of the error */
  readonly contentType?: string | undefined;
  /** The Status's code. @default the code that the HTTP status maps to */
  readonly code?: Code | undefined;
  /** The Status's message. */
  readonly message?: string | undefined;
  /** The Status's details; see {@link StatusErrorOptions}. */
  readonly details?: readonly Message[] | undefined;
}

/** Responds with a message in the negotiated encoding. `execute` is `false` by default. */
export interface MessageFault extends MayExecute {
  readonly kind: "message";
  readonly schema: DescMessage;
  readonly message: Message;
  /** The HTTP status. @default 200 */
  readonly status?: number | undefined;
}

/**
 * Responds late. With `execute` the server executes the request first and then waits. By default it waits first and then
 * executes.
 */
export interface DelayFault extends MayExecute {
  readonly kind: "delay";
  /** The delay, in milliseconds. */
  readonly ms?: number | undefined;
  /** Delays until this promise settles, for tests that do not depend on the clock. */
  readonly until?: Promise<unknown> | undefined;
}

/** Ends the connection. `execute` is `false` by default before the response, and `true` within it. */
export interface ResetFault extends MayExecute {
  readonly kind: "reset";
  /**
   * Before the first byte of the response, or after its headers and a part of its body, in a stream of its first message.
   *
   * @default "before-answer"
   */
  readonly where?: "before-answer" | "in-answer" | undefined;
  /** @default "reset" */
  readonly how?: ResetHow | undefined;
  /** Within the response: how many bytes of its body are sent. @default half of them */
  readonly bytes?: number | undefined;
  /**
   * Within the response: whether it has a `content-length`. Without one, the body of an HTTP/1.1 response ends where the
   * connection ends (RFC 9112, section 6.3), so a truncated body looks complete.
   *
   * @default true
   */
  readonly announced?: boolean | undefined;
}

/**
 * How a connection ends.
 *
 * - `"reset"`: a TCP reset; over HTTP/2, an RST_STREAM with INTERNAL_ERROR.
 * - `"close"`: a plain close, over HTTP/2 of the connection with all its streams.
 * - `"refused"`: over HTTP/2, an RST_STREAM with REFUSED_STREAM, which says that the request was not processed.
 * - `"goaway"`: over HTTP/2, a GOAWAY that says the same and ends the connection when the other streams have ended.
 *
 * HTTP/1.1 has no equivalent of the last two: there the server closes the connection. A memory server rejects them.
 */
export type ResetHow = "reset" | "close" | "refused" | "goaway";

/**
 * Keeps the connection open and sends nothing, until the client gives up or the server is closed. `execute` is `false` by
 * default before the response, and `true` within it.
 */
export interface HangFault extends MayExecute {
  readonly kind: "hang";
  /** @default "before-answer" */
  readonly where?: "before-answer" | "in-answer" | undefined;
}

/** Sends bytes that no encoding can decode, with the right content type. `execute` is `true` by default. */
export interface GarbageFault extends MayExecute {
  readonly kind: "garbage";
  /** @default sixteen bytes of 0xff */
  readonly body?: Uint8Array | undefined;
}

/** Sends the right response with another content type. `execute` is `true` by default. */
export interface ContentTypeFault extends MayExecute {
  readonly kind: "content-type";
  /** An empty string sends no content type. */
  readonly contentType: string;
}

/** Decodes the request and encodes the response as a server without binary support does. */
export interface JsonOnlyFault {
  readonly kind: "json-only";
}

/**
 * Removes the end of the response body and sets `content-length` to what is left, so that HTTP takes it for complete.
 * `execute` is `true` by default. An empty body stays empty. Of a stream, only a part of the first message is sent.
 */
export interface TruncateFault extends MayExecute {
  readonly kind: "truncate";
  /** How many bytes are sent. @default all but the last one; of a stream, half of the first message */
  readonly bytes?: number | undefined;
}

/** Responds with an HTML page, as proxies do. `execute` is `false` by default. */
export interface HtmlFault extends MayExecute {
  readonly kind: "html";
  /** The HTTP status. @default 502 */
  readonly status?: number | undefined;
}

/**
 * Appends padding to the right response: an unknown field in binary, white space in JSON. In a stream, the white space is
 * within the first message. `execute` is `true` by default.
 */
export interface OversizeFault extends MayExecute {
  readonly kind: "oversize";
  /** How many bytes are added. */
  readonly bytes: number;
  /** Whether the response has a `content-length`; without one it is chunked. @default true */
  readonly announced?: boolean | undefined;
}

/**
 * Breaks a streaming response. The server executes the request, sends some messages, and ends the handler. Other rpcs leave
 * the fault to the next one with a stream.
 */
export interface StreamFault {
  readonly kind: "stream";
  /** How many messages are sent before. If the handler yields fewer, the fault comes after them. @default 1 */
  readonly after?: number | undefined;
  /**
   * How it ends then.
   *
   * - `"error"`: an error, as if the handler had thrown a {@link StatusError}
   * - `"clean"`: the response ends as if it were complete; only an array lacks its `]`
   * - `"cut"`: a part of the next message, and the same end
   * - `"reset"`: the connection ends, see `how`
   * - `"hang"`: the connection stays open and nothing is sent, until the client gives up or the server is closed
   */
  readonly end: "error" | "clean" | "cut" | "reset" | "hang";
  /** How many bytes of the next message are sent before it. @default half of them for `"cut"`, otherwise none */
  readonly bytes?: number | undefined;
  /** How a reset ends the connection. @default "reset" */
  readonly how?: ResetHow | undefined;
  /** The code of the error. @default Internal */
  readonly code?: Code | undefined;
  /** The message of the error. */
  readonly message?: string | undefined;
  /** The details of the error; see {@link StatusErrorOptions}. */
  readonly details?: readonly Message[] | undefined;
}

/** Fails to connect: the request is not sent, and the server does not record it. */
export interface NotConnectedFault {
  readonly kind: "not-connected";
  /** The error that the dispatcher reports. @default an `ECONNREFUSED` error as from Node */
  readonly error?: Error | undefined;
}

/** Selects the calls that get a fault. */
export interface FaultScope<Rpc extends string = string> {
  /** How many of the next calls get the fault; `Infinity` for all. @default 1 */
  readonly times?: number | undefined;
  /** The rpc's name, as in the .proto. @default any */
  readonly rpc?: Rpc | undefined;
}

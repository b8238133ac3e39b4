import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Code } from "../../errors/code.ts";
import { refuseFraming } from "../server/framing-headers.ts";

/** Something that goes wrong on demand. */
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
  | OversizeFault;

/** Something that goes wrong on demand where there is no socket: all of that, and what a listening server cannot do. */
export type MemoryFault = Fault | NotConnectedFault;

const kinds: Readonly<Record<MemoryFault["kind"], true>> = {
  status: true,
  message: true,
  delay: true,
  reset: true,
  hang: true,
  garbage: true,
  "content-type": true,
  "json-only": true,
  truncate: true,
  html: true,
  oversize: true,
  "not-connected": true,
};

/** What most faults can be told. */
export interface MayExecute {
  /**
   * Whether the server first does what the request asks for, with everything that belongs to it (token check,
   * decoding, handler), and only the answer goes wrong. Where it does not, and the fault changes an answer
   * instead of making one, that is the answer of the rpc with all fields at their defaults.
   */
  readonly execute?: boolean | undefined;
}

/** Answers with an HTTP status, as a proxy or an overloaded server does. `execute` is `false` by default. */
export interface StatusFault extends MayExecute {
  readonly kind: "status";
  /** The HTTP status. */
  readonly status: number;
  /** Sent as `Retry-After`: seconds, or a point in time. */
  readonly retryAfter?: number | Date | undefined;
  /** None that frames the answer (`content-length`, `transfer-encoding`, `trailer`, `upgrade`). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * The body, as it is.
   *
   * @default a google.rpc.Status in the encoding that is due; nothing for a status below 400
   */
  readonly body?: string | Uint8Array | undefined;
  /** @default `text/plain` for a body given here, else what belongs to the encoding that is due */
  readonly contentType?: string | undefined;
  /** The Status's code. @default what the HTTP status means */
  readonly code?: Code | undefined;
  /** The Status's message. */
  readonly message?: string | undefined;
  /** The Status's details; see {@link StatusErrorOptions}. */
  readonly details?: readonly Message[] | undefined;
}

/** Answers with a message, in the encoding that is due. `execute` is `false` by default. */
export interface MessageFault extends MayExecute {
  readonly kind: "message";
  readonly schema: DescMessage;
  readonly message: Message;
  /** The HTTP status. @default 200 */
  readonly status?: number | undefined;
}

/**
 * Answers late. With `execute` the server acts first and then waits; without (the default) it waits first and
 * then acts.
 */
export interface DelayFault extends MayExecute {
  readonly kind: "delay";
  /** How long, in milliseconds. */
  readonly ms?: number | undefined;
  /** Until this is settled; for tests that do not go by the clock. */
  readonly until?: Promise<unknown> | undefined;
}

/** Ends the connection. `execute` is `false` by default before the answer, and `true` within it. */
export interface ResetFault extends MayExecute {
  readonly kind: "reset";
  /**
   * Before the first byte of the answer, or behind its head and a part of its body.
   *
   * @default "before-answer"
   */
  readonly where?: "before-answer" | "in-answer" | undefined;
  /** @default "reset" */
  readonly how?: ResetHow | undefined;
  /** Within the answer: how many bytes of its body are sent. @default half of them */
  readonly bytes?: number | undefined;
  /**
   * Within the answer: whether its head says how long the body is. If not, the body of an HTTP/1.1 answer ends where the
   * connection ends (RFC 9112, section 6.3), and nothing tells the part that arrived from a whole one.
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
 * - `"refused"`: over HTTP/2, an RST_STREAM with REFUSED_STREAM, which promises that nothing was done.
 * - `"goaway"`: over HTTP/2, a GOAWAY that promises the same and ends the connection when the other streams are
 *   done.
 *
 * HTTP/1.1 has no words for the last two; there they are a plain close, and a memory server refuses them.
 */
export type ResetHow = "reset" | "close" | "refused" | "goaway";

/**
 * Keeps the connection open in silence, until the client gives up or the server is closed. `execute` is
 * `false` by default before the answer, and `true` within it.
 */
export interface HangFault extends MayExecute {
  readonly kind: "hang";
  /** @default "before-answer" */
  readonly where?: "before-answer" | "in-answer" | undefined;
}

/** Sends bytes that are a message in no encoding, under the right content type. `execute` is `true` by default. */
export interface GarbageFault extends MayExecute {
  readonly kind: "garbage";
  /** @default sixteen bytes of 0xff */
  readonly body?: Uint8Array | undefined;
}

/** Sends the right answer under another content type. `execute` is `true` by default. */
export interface ContentTypeFault extends MayExecute {
  readonly kind: "content-type";
  /** An empty text sends no content type at all. */
  readonly contentType: string;
}

/** Reads and answers a request as a server does that has never heard of binary bodies. */
export interface JsonOnlyFault {
  readonly kind: "json-only";
}

/**
 * Sends an answer that HTTP calls whole and that lacks its end. `execute` is `true` by default. An answer of no
 * bytes stays as it is.
 */
export interface TruncateFault extends MayExecute {
  readonly kind: "truncate";
  /** How many bytes are left of it. @default all but the last one */
  readonly bytes?: number | undefined;
}

/** Answers with a page for people, as proxies do. `execute` is `false` by default. */
export interface HtmlFault extends MayExecute {
  readonly kind: "html";
  /** The HTTP status. @default 502 */
  readonly status?: number | undefined;
}

/**
 * Sends the right answer with a long piece of nothing at its end: an unknown field in binary, white space in
 * JSON. `execute` is `true` by default.
 */
export interface OversizeFault extends MayExecute {
  readonly kind: "oversize";
  /** How many bytes are added. */
  readonly bytes: number;
  /** Whether `content-length` tells, or the length only shows while it streams. @default true */
  readonly announced?: boolean | undefined;
}

/** Keeps a request from being sent: there is no connection, and the server sees and records nothing. */
export interface NotConnectedFault {
  readonly kind: "not-connected";
  /** What the dispatcher reports. @default what Node says where nobody listens: `ECONNREFUSED` */
  readonly error?: Error | undefined;
}

/** For which calls a fault is. */
export interface FaultScope<Rpc extends string = string> {
  /** How many calls it is for, the next ones; `Infinity`: all. @default 1 */
  readonly times?: number | undefined;
  /** The rpc's name, as in the .proto. @default any */
  readonly rpc?: Rpc | undefined;
}

interface QueuedFault {
  readonly fault: MemoryFault;
  readonly rpc: string | undefined;
  left: number;
}

/** The faults that wait for their calls. */
export class FaultQueue {
  #entries: QueuedFault[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** @throws RangeError if there is no such fault, or no server can play it */
  add(fault: MemoryFault, { times = 1, rpc }: FaultScope): void {
    if (!Object.hasOwn(kinds, fault.kind)) {
      const known = Object.keys(kinds).join(", ");
      throw new RangeError(`there is no fault ${JSON.stringify(fault.kind)}; there are ${known}`);
    }
    if (fault.kind === "status") refuseFraming(Object.keys(fault.headers ?? {}));
    if (!(times >= 1)) throw new RangeError(`times must be at least 1, not ${times}`);
    this.#entries.push({ fault, rpc, left: times });
  }

  /** The fault for the next call of an rpc that is connected: the oldest one that is for it. */
  take(rpc: string, onlyIfNamed = false): Fault | undefined {
    const entry = this.#next(rpc, onlyIfNamed);
    if (entry === undefined || entry.fault.kind === "not-connected") return undefined;
    this.#use(entry);
    return entry.fault;
  }

  /** What keeps the next call of an rpc from being connected, if that is the oldest fault for it. */
  takeNotConnected(rpc: string, onlyIfNamed = false): NotConnectedFault | undefined {
    const entry = this.#next(rpc, onlyIfNamed);
    if (entry?.fault.kind !== "not-connected") return undefined;
    this.#use(entry);
    return entry.fault;
  }

  clear(): void {
    this.#entries = [];
  }

  #next(rpc: string, onlyIfNamed: boolean): QueuedFault | undefined {
    return this.#entries.find((each) => each.rpc === rpc || (each.rpc === undefined && !onlyIfNamed));
  }

  #use(entry: QueuedFault): void {
    entry.left--;
    if (entry.left <= 0) this.#entries = this.#entries.filter((each) => each !== entry);
  }
}

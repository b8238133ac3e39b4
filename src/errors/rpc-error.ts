import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { brand, hasBrand, hasPrototype } from "./brand.ts";
import { type Code, codeName } from "./code.ts";
import { type ErrorDetail, findDetails } from "./error-detail.ts";
import type { HttpHeaders } from "./http-headers.ts";
import type { Outcome } from "./outcome.ts";

/** One attempt of a failed call. */
export interface AttemptRecord {
  readonly code: Code;
  /** The HTTP status, if the server responded. */
  readonly status?: number | undefined;
  /** Absent if the server responded with 2xx. */
  readonly outcome?: Outcome | undefined;
  /** How long the attempt took, in milliseconds. */
  readonly durationMs: number;
  /** The wait before the next attempt, in milliseconds; absent on the last attempt. */
  readonly waitedMs?: number | undefined;
}

/** The properties of a new {@link RpcError}. */
export interface RpcErrorInit {
  readonly code: Code;
  /** What went wrong: the server's own message, if it sent one. */
  readonly reason: string;
  readonly outcome: Outcome;
  readonly method?: string | undefined;
  readonly status?: number | undefined;
  readonly details?: readonly ErrorDetail[] | undefined;
  readonly attempts?: number | undefined;
  readonly history?: readonly AttemptRecord[] | undefined;
  readonly headers?: HttpHeaders | undefined;
  readonly body?: Uint8Array | undefined;
  readonly cause?: unknown;
}

const rpcErrorBrand = Symbol.for("bytenite-jobs/RpcError");

/**
 * The error of a failed call. A call fails with no other kind of error.
 *
 * `headers`, `body` and `details` can be read, but are not enumerable, as `cause` is not. A response's headers may hold
 * cookies, and its body megabytes. Loggers that copy an error's properties, and `util.inspect`, therefore show only what
 * {@link RpcError.toJSON} returns.
 *
 * `instanceof` also recognizes errors of a second installed copy of this package.
 */
export class RpcError extends Error {
  override readonly name: string = "RpcError";
  /** What went wrong, as a gRPC status code. */
  readonly code: Code;
  /** What went wrong: the server's own message, if it sent one. `message` adds the method, the code and the status. */
  readonly reason: string;
  /** Whether it happened, over all attempts of the call: the least certain outcome counts. */
  readonly outcome: Outcome;
  /** The rpc's full name, for instance `"bytenite.customer.Customer/RunJob"`; `""` outside of a call. */
  readonly method: string;
  /** The HTTP status of the last response, if there was one. */
  readonly status: number | undefined;
  /** The `details` of the server's google.rpc.Status, as the server sent them. Not enumerable. */
  declare readonly details: readonly ErrorDetail[];
  /** How many attempts the call made. */
  readonly attempts: number;
  /** One record for each attempt, in order. */
  readonly history: readonly AttemptRecord[];
  /** The headers of the last response, if there was one. Not enumerable. */
  declare readonly headers: HttpHeaders;
  /** The body of the last response, as far as it was read. Not enumerable. */
  declare readonly body: Uint8Array | undefined;

  constructor(init: RpcErrorInit) {
    super(describe(init), init.cause === undefined ? undefined : { cause: init.cause });
    brand(this, rpcErrorBrand);
    this.code = init.code;
    this.reason = init.reason.slice(0, LONGEST_REASON);
    this.outcome = init.outcome;
    this.method = init.method ?? "";
    this.status = init.status;
    this.attempts = init.attempts ?? init.history?.length ?? 0;
    this.history = init.history ?? [];
    defineHidden(this, { details: init.details ?? [], headers: init.headers ?? {}, body: init.body });
  }

  /** Decodes the details of one message type. */
  findDetails<Desc extends DescMessage>(schema: Desc): MessageShape<Desc>[] {
    return findDetails(this.details, schema);
  }

  /** Returns the properties for a JSON log: without the headers and the body, and only the types of the details. */
  toJSON(): Record<string, unknown> {
    const { name, message, reason, outcome, method, status, attempts } = this;
    const history = this.history.map(loggedAttempt);
    const details = this.details.map(({ typeUrl }) => typeUrl);
    return {
      name,
      message,
      code: codeName(this.code),
      reason,
      outcome,
      method,
      status,
      attempts,
      history,
      details,
    };
  }

  /** Recognizes errors of a second installed copy of this package, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === RpcError ? hasBrand(value, rpcErrorBrand) : hasPrototype(value, this.prototype);
  }
}

/** Defines properties that are not enumerable, as `cause` is not, so that loggers do not copy them. */
export function defineHidden(error: Error, properties: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(properties)) {
    Object.defineProperty(error, name, { value, writable: true, enumerable: false, configurable: true });
  }
}

function describe({ method, code, status, reason }: RpcErrorInit): string {
  const http = status === undefined ? "" : ` (HTTP ${status})`;
  return `${method ? `${method}: ` : ""}${codeName(code)}${http}: ${oneLine(reason)}`;
}

/** In characters; a server may send megabytes. */
export const LONGEST_REASON = 4_096;
const LONGEST_LINE = 500;

function oneLine(text: string): string {
  const start = text.slice(0, LONGEST_REASON);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a log line must not contain control characters
  const line = start.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
}

/** An attempt as it is logged: the name of the code, times rounded to microseconds. */
function loggedAttempt({ code, durationMs, waitedMs, ...others }: AttemptRecord): Record<string, unknown> {
  return { code: codeName(code), ...others, durationMs: rounded(durationMs), waitedMs: rounded(waitedMs) };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1000;
}

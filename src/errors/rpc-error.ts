import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { brand, hasBrand, hasPrototype } from "./brand.ts";
import { type Code, codeName } from "./code.ts";
import { type ErrorDetail, findDetails } from "./error-detail.ts";
import type { HttpHeaders } from "./http-headers.ts";
import type { Outcome } from "./outcome.ts";

/** What is known of one attempt of a call that failed. */
export interface AttemptRecord {
  readonly code: Code;
  /** The HTTP status, if an answer came. */
  readonly status?: number | undefined;
  /** Absent on an attempt that was answered with 2xx. */
  readonly outcome?: Outcome | undefined;
  /** How long the attempt took, in milliseconds. */
  readonly durationMs: number;
  /** How long the call then waited before its next attempt, in milliseconds; absent on the last one. */
  readonly waitedMs?: number | undefined;
}

/** What an {@link RpcError} is made of. */
export interface RpcErrorInit {
  readonly code: Code;
  /** What went wrong, in the server's words where it had any. */
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
 * A call that failed. Everything that can go wrong with a call ends in one of these.
 *
 * What came from the server at any length (`headers`, `body`, `details`) can be read, but is not enumerable, as `cause`
 * is not: loggers that copy an error's properties, and `util.inspect`, then show what {@link RpcError.toJSON} does. An
 * answer's headers may hold cookies, and its body megabytes.
 *
 * `instanceof` also holds for errors of a second installed copy of this package.
 */
export class RpcError extends Error {
  override readonly name: string = "RpcError";
  /** What went wrong, as a gRPC status code. */
  readonly code: Code;
  /** What went wrong, in words: the server's, where it had any. `message` is this and more. */
  readonly reason: string;
  /** Whether it happened. It speaks of the whole call: the worst of its attempts. */
  readonly outcome: Outcome;
  /** The rpc's full name, for instance `"bytenite.customer.Customer/RunJob"`; `""` outside of a call. */
  readonly method: string;
  /** The HTTP status of the last answer, if there was one. */
  readonly status: number | undefined;
  /** The `details` of the server's google.rpc.Status, as they came. Not enumerable. */
  declare readonly details: readonly ErrorDetail[];
  /** How many requests were begun. */
  readonly attempts: number;
  /** One record for each attempt, the first one first. */
  readonly history: readonly AttemptRecord[];
  /** The headers of the last answer, if there was one. Not enumerable. */
  declare readonly headers: HttpHeaders;
  /** The bytes of the last answer, as far as they were read. Not enumerable. */
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
    hold(this, { details: init.details ?? [], headers: init.headers ?? {}, body: init.body });
  }

  /** The details that are messages of the given type, decoded. */
  findDetails<Desc extends DescMessage>(schema: Desc): MessageShape<Desc>[] {
    return findDetails(this.details, schema);
  }

  /** What a JSON log needs; the bytes and headers of the answer are left out, and of the details all but their types. */
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

  /** Holds for one of a second installed copy of this package, too. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === RpcError ? hasBrand(value, rpcErrorBrand) : hasPrototype(value, this.prototype);
  }
}

/** Gives an error properties that no log copies of it, as `cause` of every error is one. */
export function hold(error: Error, properties: Readonly<Record<string, unknown>>): void {
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must go from a log line
  const line = start.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
}

/** An attempt as a log has it: the code by its name, times in whole microseconds. */
function loggedAttempt({ code, durationMs, waitedMs, ...others }: AttemptRecord): Record<string, unknown> {
  return { code: codeName(code), ...others, durationMs: rounded(durationMs), waitedMs: rounded(waitedMs) };
}

function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1000;
}

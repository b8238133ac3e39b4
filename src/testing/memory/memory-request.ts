import { validateHeaderName, validateHeaderValue } from "node:http";
import { isIP } from "node:net";
import type { Dispatcher } from "undici";
import errors from "undici/lib/core/errors.js";
import type { RawHeaders } from "../server/raw-headers.ts";
import type { IncomingRequest } from "../server/received-request.ts";

/** A request as a server would receive it over a socket. */
export interface MemoryRequest extends Omit<IncomingRequest, "signal" | "body"> {
  /** A body that is an iterable is read as the server takes it. */
  readonly body: Uint8Array | Iterable<unknown> | AsyncIterable<unknown>;
}

/** The methods whose requests have a `content-length` even without a body (RFC 9110, section 8.6), as in undici. */
const expectBodies: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/**
 * Converts the options of a dispatch to the request that the server receives. It copies the body.
 *
 * @param origin the server's origin
 * @throws UndiciError as undici does for an invalid request, and for one that needs a socket
 */
export function memoryRequest(options: Dispatcher.DispatchOptions, origin: string): MemoryRequest {
  const { path, method, query, upgrade } = options;
  const entries = [...headerEntries(options.headers)];
  if (options.origin !== undefined && !isSameServer(origin, options.origin, entries)) {
    throw new errors.InvalidArgumentError(`the memory server is at ${origin}, not at ${options.origin}`);
  }
  if (!/^(?:https?:\/)?\/[\x21-\xff]*$/.test(path))
    throw new errors.InvalidArgumentError("invalid request path");
  if (query) throw new errors.InvalidArgumentError("a memory server needs the query in the path");
  if (upgrade || method === "CONNECT")
    throw new errors.InvalidArgumentError("a memory server has no sockets");
  const body = bodyOf(options.body ?? null);
  const host = new URL(origin).host;
  const headers = ["host", host, "connection", "keep-alive", ...headerLines(entries)];
  if (!(body instanceof Uint8Array)) headers.push(...lengthLines(entries));
  else if (body.length > 0 || expectBodies.has(method)) headers.push("content-length", String(body.length));
  return { verb: method, target: path, headers, body };
}

/**
 * Whether a request is for the server. An IP address is accepted if the `host` header is the server's, because undici's
 * `interceptors.dns()` replaces the host name by an address.
 */
function isSameServer(origin: string, requested: string | URL, headers: readonly HeaderEntry[]): boolean {
  const own = new URL(origin);
  const other = new URL(requested);
  if (other.origin === own.origin) return true;
  const [, host] = headers.find(([name]) => /^host$/i.test(name)) ?? [];
  const isAddress = isIP(other.hostname.replace(/^\[|\]$/g, "")) !== 0;
  return isAddress && other.protocol === own.protocol && host === own.host;
}

/** An iterable is chunked, unless the caller knows its length. */
function lengthLines(headers: readonly HeaderEntry[]): RawHeaders {
  const [, length] = headers.find(([name]) => /^content-length$/i.test(name)) ?? [];
  return length === undefined ? ["transfer-encoding", "chunked"] : ["content-length", String(length)];
}

function bodyOf(body: NonNullable<Dispatcher.DispatchOptions["body"]> | null): MemoryRequest["body"] {
  if (body === null) return new Uint8Array();
  if (typeof body === "string") return new Uint8Array(Buffer.from(body));
  if (body instanceof Uint8Array) return new Uint8Array(body);
  if (!(body instanceof FormData) && (Symbol.asyncIterator in body || Symbol.iterator in body)) return body;
  throw new errors.InvalidArgumentError(
    "the body for a memory server must be a string, a Uint8Array, or an iterable of these",
  );
}

/** A part of a body that is an iterable. */
export function chunkOf(part: unknown): Uint8Array {
  if (typeof part === "string") return new Uint8Array(Buffer.from(part));
  if (part instanceof Uint8Array) return new Uint8Array(part);
  throw new TypeError("a part of the body must be a string or a Uint8Array");
}

type DispatchHeaders = Dispatcher.DispatchOptions["headers"];

type HeaderEntry = readonly [name: string, values: unknown];

/** Names and values in turn, one pair for each line. */
function headerLines(headers: readonly HeaderEntry[]): RawHeaders {
  const lines: string[] = [];
  for (const [name, values] of headers) {
    for (const value of Array.isArray(values) ? values : [values]) {
      if (value === undefined) continue;
      const text = validHeader(name, value);
      if (!isFraming(name)) lines.push(name, text);
    }
  }
  return lines;
}

function headerEntries(headers: DispatchHeaders): Iterable<HeaderEntry> {
  if (!headers) return [];
  if (!Array.isArray(headers)) {
    return Symbol.iterator in headers
      ? (headers as Iterable<[string, unknown]>)
      : Object.entries(headers as Record<string, unknown>);
  }
  if (headers.length % 2 !== 0) throw new errors.InvalidArgumentError("headers array must be even");
  return headers.flatMap((name, i) => (i % 2 === 0 ? [[name as string, headers[i + 1]] as const] : []));
}

function validHeader(name: string, value: unknown): string {
  const text = String(value ?? "");
  try {
    validateHeaderName(name);
    validateHeaderValue(name, text);
  } catch (cause) {
    throw new errors.InvalidArgumentError(`invalid ${name} header`, { cause });
  }
  if (/^(?:transfer-encoding|keep-alive|upgrade|expect)$/i.test(name)) {
    throw new errors.InvalidArgumentError(`invalid ${name} header`);
  }
  // White space around a value is not part of it (RFC 9110, section 5.5).
  return text.replace(/^[\t ]+|[\t ]+$/g, "");
}

/** Whether the connection sets this header itself. */
function isFraming(name: string): boolean {
  return /^(?:host|connection|content-length)$/i.test(name);
}

import { validateHeaderName, validateHeaderValue } from "node:http";
import { isIP } from "node:net";
import { type Dispatcher, errors } from "undici";
import type { RawHeaders } from "../server/raw-headers.ts";
import type { ReceivedRequest } from "../server/received-request.ts";

/** A request as a server on the other side of a socket would have read it off. */
export type MemoryRequest = Omit<ReceivedRequest, "signal">;

/** Methods whose requests have a `content-length` even without a body (RFC 9110, section 8.6), as undici has it. */
const expectBodies: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/**
 * Reads what a dispatcher is asked to send. Nothing is shared with it: the bytes are copied.
 *
 * @param origin where the server is
 * @param maxBytes a longer body is not kept, as {@link ReceivedRequest} says
 * @throws UndiciError as undici does, for what cannot be sent, and for what only a socket can carry
 */
export function memoryRequest(
  options: Dispatcher.DispatchOptions,
  origin: string,
  maxBytes: number,
): MemoryRequest {
  const { path, method, query, upgrade } = options;
  const given = [...headerEntries(options.headers)];
  if (options.origin !== undefined && !leadsTo(origin, options.origin, given)) {
    throw new errors.InvalidArgumentError(`the memory server is at ${origin}, not at ${options.origin}`);
  }
  if (!/^(?:https?:\/)?\/[\x21-\xff]*$/.test(path))
    throw new errors.InvalidArgumentError("invalid request path");
  if (query) throw new errors.InvalidArgumentError("a memory server takes the query as a part of the path");
  if (upgrade || method === "CONNECT")
    throw new errors.InvalidArgumentError("a memory server has no sockets");
  const body = bytesOf(options.body ?? null);
  const host = new URL(origin).host;
  const headers = ["host", host, "connection", "keep-alive", ...headerLines(given)];
  if (body.length > 0 || expectBodies.has(method)) headers.push("content-length", String(body.length));
  return { verb: method, target: path, headers, body: body.length > maxBytes ? undefined : body };
}

/**
 * Whether a request is for the server. One to an address is, if its `host` is the server's: undici's `interceptors.dns()`
 * puts an address in the place of the name.
 */
function leadsTo(origin: string, asked: string | URL, headers: readonly HeaderEntry[]): boolean {
  const here = new URL(origin);
  const there = new URL(asked);
  if (there.origin === here.origin) return true;
  const [, host] = headers.find(([name]) => /^host$/i.test(name)) ?? [];
  const isAddress = isIP(there.hostname.replace(/^\[|\]$/g, "")) !== 0;
  return isAddress && there.protocol === here.protocol && host === here.host;
}

function bytesOf(body: NonNullable<Dispatcher.DispatchOptions["body"]> | null): Uint8Array {
  if (body === null) return new Uint8Array();
  if (typeof body === "string") return new Uint8Array(Buffer.from(body));
  if (body instanceof Uint8Array) return new Uint8Array(body);
  throw new errors.InvalidArgumentError("a memory server takes bodies that are a string or a Uint8Array");
}

type DispatchHeaders = Dispatcher.DispatchOptions["headers"];

type HeaderEntry = readonly [name: string, values: unknown];

/** Names and values in turn, one line each. */
function headerLines(headers: readonly HeaderEntry[]): RawHeaders {
  const lines: string[] = [];
  for (const [name, values] of headers) {
    for (const value of Array.isArray(values) ? values : [values]) {
      if (value === undefined) continue;
      const text = checkedHeader(name, value);
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

function checkedHeader(name: string, value: unknown): string {
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
  // White space around a value is no part of it (RFC 9110, section 5.5).
  return text.replace(/^[\t ]+|[\t ]+$/g, "");
}

/** What a connection says by itself. */
function isFraming(name: string): boolean {
  return /^(?:host|connection|content-length)$/i.test(name);
}

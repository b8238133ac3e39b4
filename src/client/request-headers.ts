import { asBuffer } from "../codecs/as-buffer.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import type { RpcError } from "../errors/rpc-error.ts";
import type { HeaderList } from "../http/http-exchange.ts";
import { isToken } from "../http/token.ts";
import type { OutgoingMetadata } from "./call-options.ts";

/** Headers that only the library or the connection sets. */
const reserved: ReadonlySet<string> = new Set([
  "accept",
  "content-encoding",
  "content-length",
  "content-type",
  "connection",
  "expect",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Names of headers and metadata that hold secrets. */
const credentials =
  /authori[sz]ation|(^|[-_.])auth($|[-_.])|token|secret|(api|access|account|functions?|master|private|subscription)[-_]?key|cookie|passw|credential|jwt|session[-_]?(id|key)/;

/** A header value, without line breaks and other control characters (RFC 9110, section 5.5). */
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;
/** The characters that gRPC allows in text metadata; a grpc-gateway drops metadata with others. */
const metadataPattern = /^[\x20-\x7e]*$/;

/** Whether a header or metadata with this name, in lower case, holds a secret. */
export function isCredential(name: string): boolean {
  return credentials.test(name);
}

/**
 * Validates a header name and returns it in lower case.
 *
 * @param option the option to name in the error
 */
export function checkedHeaderName(name: string, option: string): string {
  if (!isToken(name)) throw invalidArgument(`${option}: ${JSON.stringify(name)} is not a header name`);
  const lower = name.toLowerCase();
  if (reserved.has(lower)) throw invalidArgument(`${option}: ${name} is set by the transport itself`);
  return lower;
}

/**
 * Validates a header value. The error never shows the value, because it may be a secret.
 *
 * @returns the value without the whitespace around it, which is not part of it (RFC 9110, section 5.5) and which HTTP/2
 * forbids (RFC 9113, section 8.2.1)
 */
export function checkedHeaderValue(name: string, value: unknown, option: string): string {
  if (typeof value !== "string") throw invalidArgument(`${option}: the value of ${name} must be a string`);
  if (!valuePattern.test(value)) {
    throw invalidArgument(`${option}: the value of ${name} has characters that are not allowed in a header`);
  }
  const text = trimBlanks(value);
  const lower = name.toLowerCase();
  if (lower === "te" && text.toLowerCase() !== "trailers") {
    throw invalidArgument(`${option}: te can only be "trailers": the transport decodes no transfer codings`);
  }
  if ((lower === "authorization" || lower === "proxy-authorization") && !isAuthorization(text)) {
    throw invalidArgument(`${option}: the value of ${name} has no credential`);
  }
  return text;
}

/** Removes the spaces and tabs around a header value. */
export function trimBlanks(value: string): string {
  const hasNone = !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
  return hasNone ? value : value.replace(/^[\t ]+|[\t ]+$/g, "");
}

function isBlank(charCode: number): boolean {
  return charCode === 0x20 || charCode === 0x09;
}

/** Whether a text is a valid `Authorization` value. A scheme without a credential, as an empty variable leaves it, is not. */
export function isAuthorization(text: string): boolean {
  return valuePattern.test(text) && !(text.length <= 6 && /^(basic|bearer)?$/i.test(text));
}

/** Validates an option that is an object of names and values. A Headers or a Map would look like an empty object. */
export function checkedNamedValues<T extends object>(option: string, values: T): T {
  if (typeof values === "object" && values !== null && !(Symbol.iterator in values)) return values;
  throw invalidArgument(`${option} must be a plain object of names and values`);
}

/** Adds metadata to a list of header names and values. */
export function pushMetadata(headers: HeaderList[number][], metadata: OutgoingMetadata): void {
  for (const [key, values] of Object.entries(metadata)) {
    if (values === undefined) continue;
    if (!/^[0-9A-Za-z_.-]+$/.test(key)) {
      throw invalidArgument(`metadata: ${JSON.stringify(key)} is not a key of gRPC metadata`);
    }
    const isBinary = key.toLowerCase().endsWith("-bin");
    const texts = [values].flat().map((value) => metadataText(key, value, isBinary));
    const [first, ...others] = texts;
    if (first !== undefined) headers.push(`grpc-metadata-${key}`, others.length === 0 ? first : texts);
  }
}

function metadataText(key: string, value: unknown, isBinary: boolean): string {
  if (isBinary) {
    if (!(value instanceof Uint8Array)) {
      throw invalidArgument(`metadata: the value of ${key} must be bytes, because the key ends in -bin`);
    }
    return asBuffer(value).toString("base64");
  }
  if (typeof value !== "string") {
    throw invalidArgument(
      `metadata: the value of ${key} must be a string; bytes need a key that ends in -bin`,
    );
  }
  if (!metadataPattern.test(value)) {
    throw invalidArgument(`metadata: the value of ${key} has characters other than printable ASCII`);
  }
  return trimBlanks(value);
}

/** The error of a credential that would travel unencrypted. */
export function insecureCredential(option: string): RpcError {
  return invalidArgument(
    `${option}: a credential would go over http: to another host, unencrypted; use https:, or set allowInsecure`,
  );
}

import { inspect } from "node:util";
import type { JsonObject, JsonValue, Message } from "@bufbuild/protobuf";
import { asBuffer } from "../codecs/as-buffer.ts";
import { decodeDetail, type ErrorDetail, withDecoder } from "../errors/error-detail.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";
import { LONGEST_REASON } from "../errors/rpc-error.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { type AttemptFailure, MAX_ERROR_BODY_BYTES } from "./attempt-failure.ts";
import { type SecretForms, secretForms } from "./secret-forms.ts";
import { unescaped } from "./unescape.ts";

/** The property of a response that holds the redactor of its request, for errors made from the response later. */
export const responseRedactor = Symbol("redactor of the request");

/** The secrets of one call. Nothing reads them unless something may have to be redacted. */
export interface CallSecrets {
  /** The dynamic values of the last attempt. */
  readonly current: ReadonlyMap<unknown, string>;
  /** The dynamic values of earlier attempts. */
  readonly earlier: readonly string[];
  /** The headers from the options of this call. */
  readonly headers: { readonly secrets: readonly string[] };
  /** The query parameters from the options of this call. */
  readonly query: { readonly secrets: readonly string[] };
}

/** How many nested levels of escapes are undone: `%25253D` is `=` after three. */
const MAX_ESCAPE_DEPTH = 4;

/** The options of util.inspect for searching a cause: not with the cause's own inspect function, which may throw. */
const inspectAll = {
  depth: 5,
  customInspect: false,
  maxStringLength: Number.POSITIVE_INFINITY,
  maxArrayLength: 1_000,
} as const;

/** What may follow a truncated secret: the end of the text, of a quotation or of a tag, an ellipsis, half an escape. */
const truncationEnd =
  /$|["'<]|\.{3}|\u2026|\xe2\x80\xa6|\\["']|&(?:quot|apos|lt|#)|%[0-9a-f]?$|\\[ux]?[0-9a-f]{0,3}$|&[#\w]{0,7}$/iy;

/**
 * Overwrites secrets that were sent with a request, so that no error shows them. Some servers repeat a token that they
 * reject, and errors end up in logs. Each character of a secret, in any of its spellings, becomes an asterisk (in bytes,
 * each byte), so that the text around it stays readable.
 *
 * The values are private fields, so `util.inspect` does not show them. Nothing is computed before a call fails.
 */
export class Redactor {
  readonly #values: readonly string[];
  readonly #call: CallSecrets | undefined;
  #forms: SecretForms | undefined;

  constructor(values: readonly string[], call?: CallSecrets) {
    this.#values = values;
    this.#call = call;
  }

  /** A redactor of these secrets and of `more`. */
  and(more: readonly string[]): Redactor {
    return more.length === 0 ? this : new Redactor([...this.#values, ...more], this.#call);
  }

  /** A redactor of these secrets and of a call's. */
  andOf(call: CallSecrets): Redactor {
    return new Redactor(this.#values, call);
  }

  redactText(text: string): string {
    const found = this.#find(text);
    let redacted = "";
    let from = 0;
    for (const [start, end] of found) {
      redacted += text.slice(from, start) + "*".repeat(end - start);
      from = end;
    }
    return redacted + text.slice(from);
  }

  /** @returns the same bytes, if they hold no secret */
  redactBytes(bytes: Uint8Array): Uint8Array {
    const view = asBuffer(bytes);
    const text = view.toString("latin1");
    // The byte before a string is its length, which may look like the start of an escape (37 is "%"). So the bytes are
    // searched with such bytes as escapes and as lengths: first those that probably are one, then those that may be one.
    const isLength = (at: number) => startsEscape(text[at]) && precedesLength(text.charCodeAt(at - 1));
    const mayBeLength = (at: number) => startsEscape(text[at]) && mayPrecedeLength(text.charCodeAt(at - 1));
    const found = [undefined, isLength, mayBeLength].flatMap((isIgnored) => this.#find(text, isIgnored));
    if (found.length === 0) return bytes;
    const redacted = Buffer.from(view);
    // A length byte stays as it is: a message with another length could not be decoded any more.
    for (const [from, to] of found) redacted.fill("*", mayBeLength(from) ? from + 1 : from, to);
    return redacted;
  }

  redactHeaders(headers: HttpHeaders): HttpHeaders {
    const redact = (text: string) => this.redactText(text);
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value === undefined ? value : typeof value === "string" ? redact(value) : value.map(redact),
      ]),
    );
  }

  /** Copies a message and redacts its texts and bytes. */
  redactMessage<Value extends Message>(message: Value): Value {
    return this.#redactedCopy(message) as Value;
  }

  #redactedCopy(value: unknown): unknown {
    if (typeof value === "string") return this.redactText(value);
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Uint8Array) return this.redactBytes(value);
    if (Array.isArray(value)) return value.map((each) => this.#redactedCopy(each));
    const copy = Object.create(Object.getPrototypeOf(value));
    for (const [name, each] of Object.entries(value)) {
      copy[name] = name === "$typeName" ? each : this.#redactedCopy(each);
    }
    return copy;
  }

  redactResponse(response: HttpResponse): HttpResponse {
    if (this.#secretForms.size === 0) return response;
    const { headers, body } = response;
    return { ...response, headers: this.redactHeaders(headers), body: this.redactBytes(body) };
  }

  /** Redacts everything in a failure that an error shows. Its code, outcome and retry do not change. */
  redactFailure(failure: AttemptFailure): AttemptFailure {
    if (this.#secretForms.size === 0) return failure;
    const { reason, headers, body, details, cause } = failure.init;
    const { own } = failure;
    return {
      ...failure,
      init: {
        ...failure.init,
        reason: this.redactText(reason.slice(0, LONGEST_REASON)),
        headers: headers && this.redactHeaders(headers),
        // Twice what an error keeps, so that a secret that crosses the cut is found whole.
        body: body && this.redactBytes(body.subarray(0, 2 * MAX_ERROR_BODY_BYTES)),
        details: details?.map((detail) => this.#redactDetail(detail)),
        cause: this.#redactCause(cause),
      },
      own: own && { ...own, message: this.redactMessage(own.message) },
    };
  }

  /** The decoder decodes the original bytes and redacts the message, because redacted bytes may no longer decode. */
  #redactDetail(detail: ErrorDetail): ErrorDetail {
    const { typeUrl, value, json } = detail;
    const redacted: ErrorDetail = {
      typeUrl: this.redactText(typeUrl),
      ...(value && { value: this.redactBytes(value) }),
      ...(json && { json: this.#redactJson(json) as JsonObject }),
    };
    return withDecoder(redacted, (schema, registry) =>
      this.redactMessage(decodeDetail(detail, schema, registry)),
    );
  }

  #redactJson(json: JsonValue): JsonValue {
    if (Array.isArray(json)) return json.map((item) => this.#redactJson(item));
    if (typeof json === "object" && json !== null) {
      const entries = Object.entries(json);
      return Object.fromEntries(entries.map(([key, item]) => [this.redactText(key), this.#redactJson(item)]));
    }
    const text = String(json);
    const redacted = this.redactText(text);
    return redacted === text ? json : redacted;
  }

  /**
   * A cause may quote the response: undici's parser keeps the data it cannot parse, and Node.js quotes invalid JSON.
   * A cause without secrets stays the same object, because it may be the caller's own.
   */
  #redactCause(cause: unknown, depth = 0): unknown {
    if (typeof cause === "string") return this.redactText(cause);
    if (cause === undefined) return cause;
    // undici's parser keeps the data from where it failed on, which may be the middle of a secret.
    const hasRestOfData = cause instanceof Error && "data" in cause;
    if (!hasRestOfData && this.#find(inspect(cause, inspectAll)).length === 0) return cause;
    if (!(cause instanceof Error) || depth > 4)
      return new Error("the cause is left out, because it contains a credential");
    const redacted = new Error(this.redactText(String(cause.message)));
    redacted.name = this.redactText(String(cause.name));
    redacted.stack = this.redactText(String(cause.stack));
    if ("code" in cause) Object.assign(redacted, { code: this.redactText(String(cause.code)) });
    if (cause.cause !== undefined) redacted.cause = this.#redactCause(cause.cause, depth + 1);
    return redacted;
  }

  get #secretForms(): SecretForms {
    this.#forms ??= secretForms(this.#allValues());
    return this.#forms;
  }

  *#allValues(): Iterable<string> {
    yield* this.#values;
    if (this.#call === undefined) return;
    const { current, earlier, headers, query } = this.#call;
    yield* current.values();
    yield* earlier;
    yield* headers.secrets;
    yield* query.secrets;
  }

  /**
   * Finds the ranges of secrets in a text, sorted and without overlaps.
   *
   * @param isIgnored whether to leave an escape alone, given where it starts in `text`
   */
  #find(text: string, isIgnored?: (at: number) => boolean): [from: number, to: number][] {
    const found: [number, number][] = [];
    if (this.#secretForms.size === 0) return found;
    let layer = text;
    let toOriginal = (at: number) => at;
    for (let depth = 0; ; depth++) {
      for (const [from, to] of this.#findUnescaped(layer)) found.push([toOriginal(from), toOriginal(to)]);
      const ofLayer = toOriginal;
      // At every depth: what was left alone in one layer is still there in the next.
      const isIgnoredHere = isIgnored && ((at: number) => isIgnored(ofLayer(at)));
      const next = depth < MAX_ESCAPE_DEPTH ? unescaped(layer, isIgnoredHere) : undefined;
      if (next === undefined) return mergeOverlapping(found);
      layer = next.text;
      toOriginal = (at) => ofLayer(next.starts[at] as number);
    }
  }

  *#findUnescaped(text: string): Iterable<[from: number, to: number]> {
    for (const [form, identifying] of this.#secretForms) {
      const start = form.slice(0, identifying);
      for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, at + 1)) {
        let end = at + start.length;
        for (let i = start.length; i < form.length && text[end] === form[i]; i++) end++;
        truncationEnd.lastIndex = end;
        if (end - at === form.length || truncationEnd.test(text)) yield [at, end];
      }
    }
  }
}

/** Whether a character starts an escape. */
function startsEscape(character: string | undefined): boolean {
  return character === "%" || character === "\\" || character === "&";
}

/** Whether a byte is the tag of a string with a field number of at most 3: no character of a text but a line feed. */
function precedesLength(byte: number): boolean {
  return byte === 0x0a || byte === 0x12 || byte === 0x1a;
}

/** Whether a byte of a binary message may be the end of a tag or the start of a length, so that a length byte follows. */
function mayPrecedeLength(byte: number): boolean {
  return (byte & 7) === 2 || byte >= 0x80;
}

/** Sorts ranges and merges those that overlap. */
function mergeOverlapping(ranges: [number, number][]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [from, to] of ranges.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

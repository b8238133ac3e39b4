import { inspect } from "node:util";
import type { Message } from "@bufbuild/protobuf";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import type { AttemptFailure } from "./attempt-failure.ts";
import { type SecretForms, secretForms } from "./secret-forms.ts";
import { unescaped } from "./unescape.ts";

/** Where an answer keeps what was sent for it, for whoever makes an error of it later on. */
export const responseRedactor = Symbol("secrets that were sent");

/** The secrets of one call, read only where one of them may have to be redacted. */
export interface CallSecrets {
  /** The values of the last attempt's headers that were asked for. */
  readonly asked: ReadonlyMap<string, string>;
  /** Those of attempts before it. */
  readonly earlier: readonly string[];
  /** The headers that the caller gave for this call. */
  readonly headers: { readonly secrets: readonly string[] };
}

/** How many times escapes are undone within each other: `%25253D` is `=` after three. */
const DEEPEST_ESCAPE = 4;

/** How a cause is looked through. Not by its own means: those of the caller's may throw. */
const everything = {
  depth: 5,
  customInspect: false,
  maxStringLength: Number.POSITIVE_INFINITY,
  maxArrayLength: 1_000,
} as const;

/** What may follow a secret that was cut: the end of the text, of a quotation, of a tag, an ellipsis, half an escape. */
const cut =
  /$|["'<]|\.{3}|\u2026|\xe2\x80\xa6|\\["']|&(?:quot|apos|lt|#)|%[0-9a-f]?$|\\[ux]?[0-9a-f]{0,3}$|&[#\w]{0,7}$/iy;

/**
 * What was sent and no error may show. Some servers repeat a token that they refuse, and errors end up in logs:
 * wherever an answer repeats a secret, in any of its spellings, it is overwritten with asterisks, one for each
 * character (in bytes: for each byte), so that what is around it can be read as before.
 *
 * The values are private: inspecting what holds this does not show them. Nothing is worked out before a call fails.
 */
export class Redactor {
  readonly #values: readonly string[];
  readonly #ofCall: CallSecrets | undefined;
  #forms: SecretForms | undefined;

  constructor(values: readonly string[], ofCall?: CallSecrets) {
    this.#values = values;
    this.#ofCall = ofCall;
  }

  /** These and more. */
  and(more: readonly string[]): Redactor {
    return more.length === 0 ? this : new Redactor([...this.#values, ...more], this.#ofCall);
  }

  /** These and those of a call. */
  andOf(call: CallSecrets): Redactor {
    return new Redactor(this.#values, call);
  }

  redactText(text: string): string {
    const found = this.#find(text);
    let masked = "";
    let from = 0;
    for (const [start, end] of found) {
      masked += text.slice(from, start) + "*".repeat(end - start);
      from = end;
    }
    return masked + text.slice(from);
  }

  /** @returns the bytes themselves, if no secret is in them */
  redactBytes(bytes: Uint8Array): Uint8Array {
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const text = view.toString("latin1");
    const mayBeLength = (at: number) => isIntroducer(text[at]) && mayBeTag(text.charCodeAt(at - 1));
    const found = [...this.#find(text), ...this.#find(text, mayBeLength)];
    if (found.length === 0) return bytes;
    const masked = Buffer.from(view);
    // A message whose lengths are other ones could not be read any more.
    for (const [from, to] of found) masked.fill("*", mayBeLength(from) ? from + 1 : from, to);
    return masked;
  }

  redactHeaders(headers: HttpHeaders): HttpHeaders {
    const mask = (text: string) => this.redactText(text);
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value === undefined ? value : typeof value === "string" ? mask(value) : value.map(mask),
      ]),
    );
  }

  /** A copy of a message, with the texts and bytes in it redacted. */
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
    if (this.#spelled.size === 0) return response;
    const { headers, body } = response;
    return { ...response, headers: this.redactHeaders(headers), body: this.redactBytes(body) };
  }

  redactFailure(failure: AttemptFailure): AttemptFailure {
    if (this.#spelled.size === 0) return failure;
    const { reason, headers, body, cause } = failure.init;
    return {
      ...failure,
      init: {
        ...failure.init,
        reason: this.redactText(reason),
        headers: headers && this.redactHeaders(headers),
        body: body && this.redactBytes(body),
        cause: this.#redactCause(cause),
      },
    };
  }

  /**
   * undici's parser keeps what it could not read, and Node quotes JSON that it could not. A cause in which nothing is
   * redacted stays what it is: it may be the caller's own.
   */
  #redactCause(cause: unknown, depth = 0): unknown {
    if (typeof cause === "string") return this.redactText(cause);
    if (cause === undefined || this.#find(inspect(cause, everything)).length === 0) return cause;
    if (!(cause instanceof Error) || depth > 4) return new Error("left out, because a credential is in it");
    const masked = new Error(this.redactText(String(cause.message)));
    masked.name = this.redactText(String(cause.name));
    masked.stack = this.redactText(String(cause.stack));
    if ("code" in cause) Object.assign(masked, { code: this.redactText(String(cause.code)) });
    if (cause.cause !== undefined) masked.cause = this.#redactCause(cause.cause, depth + 1);
    return masked;
  }

  get #spelled(): SecretForms {
    this.#forms ??= secretForms(this.#all());
    return this.#forms;
  }

  *#all(): Iterable<string> {
    yield* this.#values;
    if (this.#ofCall === undefined) return;
    const { asked, earlier, headers } = this.#ofCall;
    yield* asked.values();
    yield* earlier;
    yield* headers.secrets;
  }

  /**
   * Where secrets stand in a text: from and to, in order and apart from each other.
   *
   * @param isNone whether what looks like an escape is none, by where it begins
   */
  #find(text: string, isNone?: (at: number) => boolean): [from: number, to: number][] {
    const found: [number, number][] = [];
    if (this.#spelled.size === 0) return found;
    let layer = text;
    let origin = (at: number) => at;
    for (let depth = 0; ; depth++) {
      for (const [from, to] of this.#findPlain(layer)) found.push([origin(from), origin(to)]);
      const inner = depth < DEEPEST_ESCAPE ? unescaped(layer, depth === 0 ? isNone : undefined) : undefined;
      if (inner === undefined) return joined(found);
      const outer = origin;
      layer = inner.text;
      origin = (at) => outer(inner.starts[at] as number);
    }
  }

  *#findPlain(text: string): Iterable<[from: number, to: number]> {
    for (const [form, enough] of this.#spelled) {
      const sought = form.slice(0, enough);
      for (let at = text.indexOf(sought); at >= 0; at = text.indexOf(sought, at + 1)) {
        let end = at + sought.length;
        for (let i = sought.length; i < form.length && text[end] === form[i]; i++) end++;
        cut.lastIndex = end;
        if (end - at === form.length || cut.test(text)) yield [at, end];
      }
    }
  }
}

/** Whether an escape begins so. */
function isIntroducer(character: string | undefined): boolean {
  return character === "%" || character === "\\" || character === "&";
}

/** Whether a byte of a binary message may be a field's tag or a part of one or of a length, so that a length follows. */
function mayBeTag(byte: number): boolean {
  return (byte & 7) === 2 || byte >= 0x80;
}

/** Ranges in order, with those made one that overlap. */
function joined(ranges: [number, number][]): [number, number][] {
  const apart: [number, number][] = [];
  for (const [from, to] of ranges.sort(([a], [b]) => a - b)) {
    const last = apart.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else apart.push([from, to]);
  }
  return apart;
}

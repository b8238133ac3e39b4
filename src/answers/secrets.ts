import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { HttpHeaders } from "../errors/http-headers.ts";
import type { WireResponse } from "../wire/wire.ts";
import type { AttemptFailure } from "./attempt-failure.ts";

/** Where an answer keeps what was sent for it, for whoever makes an error of it later on. */
export const sentSecrets = Symbol("secrets that were sent");

/** Shorter ones could be anything: masking a token `"on"` would blacken half of what an error says. */
const SHORTEST_SECRET = 4;

/**
 * What was sent and no error may show. Some servers repeat a token that they refuse, and errors end up in logs:
 * wherever an answer repeats a secret it is overwritten with asterisks, byte for byte, so that what is around it
 * can be read as before.
 *
 * The values are private: inspecting what holds this does not show them.
 */
export class Secrets {
  readonly #values: readonly string[];

  constructor(values: readonly string[]) {
    this.#values = values;
  }

  /** These and more. */
  and(more: readonly string[]): Secrets {
    return more.length === 0 ? this : new Secrets([...this.#values, ...more]);
  }

  maskText(text: string): string {
    return this.#spellings().reduce(
      (rest, secret) => rest.replaceAll(secret, "*".repeat(secret.length)),
      text,
    );
  }

  /** @returns the bytes themselves, if no secret is in them */
  maskBytes(bytes: Uint8Array): Uint8Array {
    let masked = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let isCopy = false;
    for (const secret of this.#spellings()) {
      let at = masked.indexOf(secret);
      if (at >= 0 && !isCopy) {
        masked = Buffer.from(masked);
        isCopy = true;
      }
      for (; at >= 0; at = masked.indexOf(secret, at)) masked.fill("*", at, at + Buffer.byteLength(secret));
    }
    return isCopy ? masked : bytes;
  }

  maskHeaders(headers: HttpHeaders): HttpHeaders {
    const mask = (text: string) => this.maskText(text);
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        value === undefined ? value : typeof value === "string" ? mask(value) : value.map(mask),
      ]),
    );
  }

  maskMessage<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): MessageShape<Desc> {
    const bytes = toBinary(desc, message);
    const masked = this.maskBytes(bytes);
    return masked === bytes ? message : fromBinary(desc, masked);
  }

  maskResponse(response: WireResponse): WireResponse {
    if (this.#values.length === 0) return response;
    const { headers, body } = response;
    return { ...response, headers: this.maskHeaders(headers), body: this.maskBytes(body) };
  }

  maskFailure(failure: AttemptFailure): AttemptFailure {
    if (this.#values.length === 0) return failure;
    const { reason, headers, body, cause } = failure.init;
    return {
      ...failure,
      init: {
        ...failure.init,
        reason: this.maskText(reason),
        headers: headers && this.maskHeaders(headers),
        body: body && this.maskBytes(body),
        cause: this.#maskCause(cause),
      },
    };
  }

  /** undici's parser keeps the bytes of an answer that it could not read. */
  #maskCause(cause: unknown): unknown {
    if (!(cause instanceof Error) || !("data" in cause)) return cause;
    return Object.assign(new Error(this.maskText(cause.message)), {
      name: cause.name,
      code: "code" in cause ? cause.code : undefined,
    });
  }

  /** Longest first, so that a secret within another one does not keep the rest of that from being found. */
  #spellings(): string[] {
    const long = this.#values.filter(({ length }) => length >= SHORTEST_SECRET);
    return [...new Set(long.flatMap(inJsonToo))].sort((a, b) => b.length - a.length);
  }
}

/** A text as it is, and as it may stand in JSON: PHP escapes the slash, Go what HTML could misread. */
function inJsonToo(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const go = json.replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
  return [text, json, json.replaceAll("/", "\\/"), go];
}

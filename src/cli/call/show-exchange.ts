import { isUtf8 } from "node:buffer";
import { isSecretParameter } from "../../client/query-parameters.ts";
import { isCredential } from "../../client/request-headers.ts";
import { contentTypeOf, encodingOf } from "../../codecs/media-type.ts";
import type { HttpHeaders } from "../../errors/http-headers.ts";
import { Redactor } from "../../responses/redactor.ts";
import { unescapeQuery } from "../../transcoding/percent-encoding.ts";
import { escapeControls, type Terminal } from "../terminal.ts";
import type { HttpLogListener, LoggedExchange, LoggedResponse } from "./http-log.ts";

const HIDDEN = "***";

/** Hides the credentials of an exchange, also where the server repeats them. Bodies keep their lengths. */
function redacted(exchange: LoggedExchange): LoggedExchange {
  const { target, headers, body, response, error } = exchange;
  const redactor = new Redactor([...secretsIn(headers), ...secretsInQuery(target)]);
  const redactHeaders = (each: HttpHeaders) => redactor.redactHeaders(withoutCredentials(each));
  return {
    ...exchange,
    target: redactor.redactText(target.replaceAll(parameter, hideSecret)),
    headers: redactHeaders(headers),
    body: body && redactor.redactBytes(body),
    response: response && {
      ...response,
      headers: redactHeaders(response.headers),
      trailers: redactHeaders(response.trailers),
      body: response.body && redactor.redactBytes(response.body),
    },
    error: error && redactor.redactText(error),
  };
}

const parameter = /([?&])([^=&]*)=([^&]*)/g;

function isSecret(escapedName: string): boolean {
  return isSecretParameter(unescapeQuery(escapedName) ?? escapedName);
}

function hideSecret(whole: string, separator: string, name: string): string {
  return isSecret(name) ? `${separator}${name}=${HIDDEN}` : whole;
}

function secretsInQuery(target: string): string[] {
  const secrets = [...target.matchAll(parameter)].filter(([, , name = ""]) => isSecret(name));
  return secrets.flatMap(([, , , value = ""]) => [value, unescapeQuery(value) ?? value]);
}

function secretsIn(headers: HttpHeaders): string[] {
  const secrets = Object.entries(headers).filter(([name]) => isCredential(name));
  return secrets.flatMap(([, values]) => values ?? []);
}

function withoutCredentials(headers: HttpHeaders): HttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, values]) => [name, isCredential(name) ? HIDDEN : values]),
  );
}

/** Prints exchanges on standard error as they happen, as curl does. */
export class ExchangePrinter implements HttpLogListener {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  onRequest(exchange: LoggedExchange): void {
    const { verb, target, headers, body } = redacted(exchange);
    const content = body === undefined ? ["(a stream)"] : bodyLines(body, headers);
    this.#print(">", [`${verb} ${target}`, ...headerLines(headers), "", ...content]);
  }

  onStream(exchange: LoggedExchange): void {
    const { response } = redacted(exchange);
    if (response !== undefined) this.#print("<", headLines(response));
  }

  onEnd(exchange: LoggedExchange): void {
    const { response, error } = redacted(exchange);
    if (response !== undefined) {
      const { headers, trailers, body, length } = response;
      // The head of a stream is printed already.
      const content =
        body === undefined
          ? [`(a stream of ${length} bytes)`]
          : [...headLines(response), ...bodyLines(body, headers)];
      this.#print("<", [...content, ...headerLines(trailers)]);
    }
    if (error !== undefined) this.#print("*", [error]);
  }

  #print(mark: string, lines: readonly string[]): void {
    this.#terminal.hint(lines.map((line) => `${mark} ${escapeControls(line)}`.trimEnd()).join("\n"));
  }
}

/** Collects exchanges for the document of `--json`. */
export class ExchangeCollector implements HttpLogListener {
  readonly #ended: object[] = [];
  #current: LoggedExchange | undefined;

  onRequest(exchange: LoggedExchange): void {
    this.#current = exchange;
  }

  onStream(exchange: LoggedExchange): void {
    this.#current = exchange;
  }

  onEnd(exchange: LoggedExchange): void {
    this.#current = undefined;
    this.#ended.push(exchangeJson(redacted(exchange)));
  }

  members(): { readonly exchanges: readonly object[] } {
    const current = this.#current === undefined ? [] : [exchangeJson(redacted(this.#current))];
    return { exchanges: [...this.#ended, ...current] };
  }
}

function headLines({ status, headers }: LoggedResponse): string[] {
  return [`HTTP ${status}`, ...headerLines(headers), ""];
}

function headerLines(headers: HttpHeaders): string[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values ?? []].flat().map((value) => `${name}: ${value}`),
  );
}

function bodyLines(body: Uint8Array, headers: HttpHeaders): string[] {
  if (body.length === 0) return [];
  return textOf(body, headers)?.split(/\r?\n/) ?? hexDump(body);
}

/** The body as text; undefined if it is binary. A message of protobuf may look like text. */
function textOf(body: Uint8Array, headers: HttpHeaders): string | undefined {
  if (encodingOf(contentTypeOf(headers)) === "protobuf" || !isUtf8(body)) return undefined;
  const text = Buffer.from(body).toString("utf8");
  return text.includes("\0") ? undefined : text;
}

const LONGEST_DUMP = 4_096;

function hexDump(body: Uint8Array): string[] {
  const bytes = Buffer.from(body);
  const lines = [`(${bytes.length} bytes)`];
  for (let at = 0; at < Math.min(bytes.length, LONGEST_DUMP); at += 16) {
    const line = bytes.subarray(at, at + 16);
    const hex = line.toString("hex").replaceAll(/..(?!$)/g, "$& ");
    const text = line.toString("latin1").replaceAll(/[^\x20-\x7e]/g, ".");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(47)}  ${text}`);
  }
  if (bytes.length > LONGEST_DUMP) lines.push(`(${bytes.length - LONGEST_DUMP} more bytes)`);
  return lines;
}

function exchangeJson({ verb, origin, target, headers, body, response, error }: LoggedExchange): object {
  return {
    request: { method: verb, url: origin + target, headers, body: body && bodyJson(body, headers) },
    response: response && responseJson(response),
    error,
  };
}

function responseJson({ length, ...response }: LoggedResponse): object {
  const { body, headers } = response;
  return { ...response, body: body === undefined ? { bytes: length } : bodyJson(body, headers) };
}

function bodyJson(body: Uint8Array, headers: HttpHeaders): object {
  const text = textOf(body, headers);
  const content = text === undefined ? { base64: Buffer.from(body).toString("base64") } : { text };
  return { bytes: body.length, ...content };
}

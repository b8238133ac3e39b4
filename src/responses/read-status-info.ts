import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { OPENING_BRACE } from "../codecs/ascii.ts";
import { decodeBinary } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { decodeJson } from "../codecs/json-codec.ts";
import type { Encoding } from "../codecs/media-type.ts";
import { isJsonObject, parseJsonIfValid } from "../codecs/parse-json.ts";
import { lenientUtf8 } from "../codecs/utf8.ts";
import { statusFromBinary } from "./status-from-binary.ts";
import { statusFromJson } from "./status-from-json.ts";
import type { ErrorBodyType, StatusInfo } from "./status-info.ts";

/**
 * Reads the body of an error response: as a google.rpc.Status, else as the service's own error message, else as JSON with
 * a text in one of the usual places, else as text. A body that begins as a JSON object is tried as JSON whatever its
 * content type is: many handlers leave theirs at text/plain, and a gateway that cannot encode its own error sends JSON
 * with the content type it had chosen before.
 */
export function readStatusInfo(
  body: Uint8Array,
  encoding: Encoding | undefined,
  errorBody: ErrorBodyType | undefined,
): StatusInfo {
  const event = dataOfEvent(body);
  if (event !== undefined) return readStatusInfo(event, "json", errorBody);
  const status =
    encoding === "json" || beginsAsObject(body, encoding)
      ? readJson(body, errorBody)
      : encoding === "protobuf"
        ? (statusFromBinary(body) ?? fromErrorBody(errorBody, body, decodeBinary))
        : undefined;
  return status ?? { code: undefined, reason: firstReadableLine(body), details: [] };
}

function beginsAsObject(body: Uint8Array, encoding: Encoding | undefined): boolean {
  // A line feed may be the tag of a binary message, and the brace after it the length of a string.
  if (encoding === "protobuf") return body[0] === OPENING_BRACE;
  // Google's APIs send the error of a method that returns a list in a list.
  return /^\s*[{[]/.test(lenientUtf8.decode(body.subarray(0, 64)));
}

/** The object in a server-sent event. A gateway that streams events also sends an error in place of a stream as one. */
function dataOfEvent(body: Uint8Array): Uint8Array | undefined {
  if (!/^data: *\{/.test(lenientUtf8.decode(body.subarray(0, 64)))) return undefined;
  const lines = lenientUtf8.decode(body).split(/\r\n|\r|\n/);
  return Buffer.from(lines.map((line) => /^data:(.*)/.exec(line)?.[1] ?? "").join("\n"));
}

function readJson(body: Uint8Array, errorBody: ErrorBodyType | undefined): StatusInfo | undefined {
  const json = parseJsonIfValid(lenientUtf8.decode(body));
  if (json === undefined) return undefined;
  return statusFromJson(json) ?? fromErrorBody(errorBody, body, decodeJson) ?? textFromJson(json);
}

/**
 * Where servers put the text of an error: most of them, RFC 9457 (`detail` and `title`), OAuth (RFC 6749, section 5.2) and
 * Twirp (`msg`).
 */
const textKeys = ["message", "detail", "title", "error_description", "error", "msg"] as const;

/** Reads the text of an error in JSON, also one level down: `{"error": {…}}`, `{"errors": [{…}]}`, `["…"]`. */
export function textFromJson(json: unknown): StatusInfo | undefined {
  const outer = firstOf(json);
  const inner = isJsonObject(outer) ? [outer.error, firstOf(outer.errors)] : [];
  const reason = [outer, ...inner].map(textOf).find((text) => text !== undefined);
  return reason === undefined ? undefined : { code: undefined, reason, details: [] };
}

function firstOf(json: unknown): unknown {
  return Array.isArray(json) ? json[0] : json;
}

function textOf(json: unknown): string | undefined {
  const candidates = isJsonObject(json) ? textKeys.map((key) => json[key]) : [json];
  return candidates.find((text) => typeof text === "string" && text.trim() !== "") as string | undefined;
}

function fromErrorBody(
  errorBody: ErrorBodyType | undefined,
  body: Uint8Array,
  decode: (schema: DescMessage, body: Uint8Array) => Message,
): StatusInfo | undefined {
  if (errorBody === undefined || body.length === 0) return undefined;
  const { schema, statusInfoOf } = errorBody;
  try {
    const message = decode(schema, body);
    // A message with only unknown fields may be of any type.
    if (!schema.fields.some((field) => isFieldSet(message, field))) return undefined;
    return { ...statusInfoOf(message), details: [], message };
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

/** A control character other than a tab, or bytes that are not UTF-8. */
const notText = /[^\P{Cc}\t]|\ufffd/u;

/** How much of a body is searched for a readable line, in bytes. */
const MAX_SEARCHED_BYTES = 4096;

/** The first line of text in a body that is not a message: a proxy's page, a plain sentence. Empty if there is none. */
function firstReadableLine(body: Uint8Array): string {
  const text = lenientUtf8.decode(body.subarray(0, MAX_SEARCHED_BYTES));
  // Whole, because the beginning of a long document is not JSON, and would be shown as it is.
  if (isJsonStructure(/^\s*[{[]/.test(text) ? lenientUtf8.decode(body) : text)) return "";
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1];
  const plain = title ?? (text.trimStart().startsWith("<") ? text.replace(/<[^>]*>/g, "\n") : text);
  const line = plain.split(/[\r\n]+/).find((each) => each.trim() !== "");
  // Bytes that are not text would garble the error message; they stay in the error's `body`.
  return line === undefined || notText.test(line) ? "" : line.trim();
}

/** Whether a text is JSON, but not a text: its raw form would not tell a reader what went wrong. */
function isJsonStructure(text: string): boolean {
  const json = parseJsonIfValid(text);
  return json !== undefined && (typeof json !== "string" || json === "");
}

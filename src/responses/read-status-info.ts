import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { decodeBinary } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { decodeJson } from "../codecs/json-codec.ts";
import type { Encoding } from "../codecs/media-type.ts";
import { parseJsonExactly } from "../codecs/parse-json.ts";
import { statusFromBinary } from "./status-from-binary.ts";
import { statusFromJson } from "./status-from-json.ts";
import type { ErrorBodyType, StatusInfo } from "./status-info.ts";

/**
 * Reads the body of an error response: as a google.rpc.Status, else as the service's own error message, else as text.
 */
export function readStatusInfo(
  body: Uint8Array,
  encoding: Encoding | undefined,
  errorBody: ErrorBodyType | undefined,
): StatusInfo {
  const status =
    // A gateway that cannot encode its own error sends JSON with the content type it had chosen before.
    encoding === "protobuf" && body[0] !== OPENING_BRACE
      ? (statusFromBinary(body) ?? fromErrorBody(errorBody, body, decodeBinary))
      : encoding !== undefined
        ? readJson(body, errorBody)
        : undefined;
  return status ?? { code: undefined, reason: firstReadableLine(body), details: [] };
}

const OPENING_BRACE = 0x7b;

/** Drops a byte order mark, as the strict decoding of responses does. */
const lenientUtf8 = new TextDecoder();

function readJson(body: Uint8Array, errorBody: ErrorBodyType | undefined): StatusInfo | undefined {
  let json: unknown;
  try {
    json = parseJsonExactly(lenientUtf8.decode(body));
  } catch {
    return undefined;
  }
  return statusFromJson(json) ?? fromErrorBody(errorBody, body, decodeJson);
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

/** How much of a body is searched for a readable line, in bytes. */
const MAX_SEARCHED_BYTES = 4096;

/** The first line of text in a body that is not a message: a proxy's page, a plain sentence. Empty if there is none. */
function firstReadableLine(body: Uint8Array): string {
  const text = lenientUtf8.decode(body.subarray(0, MAX_SEARCHED_BYTES));
  if (isJsonWithoutText(text)) return "";
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1];
  const plain = title ?? (text.trimStart().startsWith("<") ? text.replace(/<[^>]*>/g, "\n") : text);
  const line = plain.split(/[\r\n]+/).find((each) => each.trim() !== "");
  // Bytes that are not text would garble the error message; they stay in the error's `body`.
  return line === undefined || line.includes("\u0000") || line.includes("\ufffd") ? "" : line.trim();
}

/** Whether a text is JSON without anything to read: `null`, `""`, `[]`, `{}`, `502`. */
function isJsonWithoutText(text: string): boolean {
  try {
    return !hasText(JSON.parse(text));
  } catch {
    return false;
  }
}

function hasText(json: unknown): boolean {
  if (typeof json === "object" && json !== null) return Object.values(json).some(hasText);
  return typeof json === "string" && json !== "";
}

import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { decodeBinary } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { decodeJson } from "../codecs/json-codec.ts";
import type { Encoding } from "../codecs/media-type.ts";
import { parseJsonExactly } from "../codecs/parse-json.ts";
import type { ErrorBodyType } from "./error-body-type.ts";
import { firstReadableLine } from "./readable-text.ts";
import { statusFromBinary } from "./status-from-binary.ts";
import { statusFromJson } from "./status-from-json.ts";
import type { StatusInfo } from "./status-info.ts";

/**
 * Reads the body of an error answer: a google.rpc.Status, or else a message of the type that the service
 * answers errors with, or else whatever there is to read.
 */
export function readStatusInfo(
  body: Uint8Array,
  encoding: Encoding | undefined,
  errorBody: ErrorBodyType | undefined,
): StatusInfo {
  const words =
    // A gateway that fails to encode its own error answers with JSON under the label that it had chosen.
    encoding === "protobuf" && body[0] !== OPENING_BRACE
      ? (statusFromBinary(body) ?? messageFrom(errorBody, body, decodeBinary))
      : encoding !== undefined
        ? wordsFromJson(body, errorBody)
        : undefined;
  return words ?? { code: undefined, reason: firstReadableLine(body), details: [] };
}

const OPENING_BRACE = 0x7b;

/** Leaves a byte order mark out, as the strict reading of answers does. */
const lenientUtf8 = new TextDecoder();

function wordsFromJson(body: Uint8Array, errorBody: ErrorBodyType | undefined): StatusInfo | undefined {
  let json: unknown;
  try {
    json = parseJsonExactly(lenientUtf8.decode(body));
  } catch {
    return undefined;
  }
  return statusFromJson(json) ?? messageFrom(errorBody, body, decodeJson);
}

function messageFrom(
  errorBody: ErrorBodyType | undefined,
  body: Uint8Array,
  decode: (schema: DescMessage, body: Uint8Array) => Message,
): StatusInfo | undefined {
  if (errorBody === undefined || body.length === 0) return undefined;
  const { schema, statusInfoOf } = errorBody;
  try {
    const message = decode(schema, body);
    // Unknown fields are no proof: with nothing known in it, it may be anybody's.
    if (!schema.fields.some((field) => isFieldSet(message, field))) return undefined;
    return { ...statusInfoOf(message), details: [], message };
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

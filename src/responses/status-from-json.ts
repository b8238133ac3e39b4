import type { JsonObject } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { messageFromParsedJson } from "../codecs/json-decoder.ts";
import { plainNumber, withPlainNumbers } from "../codecs/parse-json.ts";
import { Code, codeFromProtobufName, isCode } from "../errors/code.ts";
import { type ErrorDetail, withDecoder } from "../errors/error-detail.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { StatusInfo } from "./status-info.ts";

/**
 * Reads an error body as a google.rpc.Status in JSON, plain or as Google's own APIs wrap it,
 * `{"error": {"code": 404, "status": "NOT_FOUND", "message": …}}`, or gives undefined if it is neither. Where a method
 * answers with a list, Google's APIs put the error into a list too, as its only element.
 *
 * It is read by hand: the JSON form of an Any needs its message type, and a Status may carry any.
 *
 * @param body what {@link parseJsonExactly} gave, so that the details lose no digit
 * @see https://google.aip.dev/193#http11json-representation
 */
export function statusFromJson(body: unknown): StatusInfo | undefined {
  const json: unknown = Array.isArray(body) && body.length === 1 ? body[0] : body;
  if (!isObject(json)) return undefined;
  const status = isObject(json.error) && typeof json.error.code !== "string" ? json.error : json;
  const { message } = status;
  const code = plainNumber(status.code);
  const named = typeof status.status === "string" ? errorCodeNamed(status.status) : undefined;
  if (named === undefined && (typeof code !== "number" || code === Code.OK)) return undefined;
  if (message !== undefined && message !== null && typeof message !== "string") return undefined;
  return {
    code: named ?? codeFromNumber(code as number),
    reason: message ?? "",
    details: Array.isArray(status.details) ? status.details.flatMap(detailFromJson) : [],
  };
}

function errorCodeNamed(name: string): Code | undefined {
  const code = codeFromProtobufName(name);
  return code === Code.OK ? undefined : code;
}

function codeFromNumber(number: number): Code {
  if (isCode(number)) return number;
  return number >= 100 && number < 600 ? codeFromHttpStatus(number) : Code.Unknown;
}

function detailFromJson(json: unknown): ErrorDetail[] {
  if (!isObject(json) || typeof json["@type"] !== "string") return [];
  const { "@type": typeUrl, ...rest } = json;
  const detail: ErrorDetail = { typeUrl, json: withPlainNumbers(rest) as JsonObject };
  return [
    withDecoder(detail, (schema, registry) => {
      // Types with a JSON form of their own stand under "value" (protobuf.dev, JSON mapping of Any).
      const content = hasCustomJsonRepresentation(schema) ? rest.value : rest;
      return messageFromParsedJson(schema, content, { registry, unknownAny: "kept" });
    }),
  ];
}

type JsonFields = Readonly<Record<string, unknown>>;

function isObject(json: unknown): json is JsonFields {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

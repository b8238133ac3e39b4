import type { JsonObject } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { messageFromParsedJson } from "../codecs/json-decoder.ts";
import { isJsonObject, plainNumber, withPlainNumbers } from "../codecs/parse-json.ts";
import { Code, codeFromProtobufName, isCode } from "../errors/code.ts";
import { type ErrorDetail, withDecoder } from "../errors/error-detail.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { StatusInfo } from "./status-info.ts";

/**
 * Reads an error body as a google.rpc.Status in JSON, plain or in the form of Google's APIs:
 * `{"error": {"code": 404, "status": "NOT_FOUND", "message": …}}`. Returns undefined if it is neither. If a method
 * returns a list, Google's APIs send its error as the only element of a list.
 *
 * Not decoded as a message, because JSON needs the type of every Any, and `details` may hold types that are not known.
 *
 * @param body the result of {@link parseJsonExactly}, so that numbers in the details keep all digits
 * @see https://google.aip.dev/193#http11json-representation
 */
export function statusFromJson(body: unknown): StatusInfo | undefined {
  const json: unknown = Array.isArray(body) && body.length === 1 ? body[0] : body;
  if (!isJsonObject(json)) return undefined;
  const status = isJsonObject(json.error) && typeof json.error.code !== "string" ? json.error : json;
  const { message } = status;
  const code = plainNumber(status.code);
  const named = typeof status.status === "string" ? errorCodeFromName(status.status) : undefined;
  if (named === undefined && (typeof code !== "number" || code === Code.OK)) return undefined;
  if (message !== undefined && message !== null && typeof message !== "string") return undefined;
  return {
    code: named ?? codeFromNumber(code as number),
    reason: message ?? "",
    details: Array.isArray(status.details) ? status.details.flatMap(detailFromJson) : [],
  };
}

function errorCodeFromName(name: string): Code | undefined {
  const code = codeFromProtobufName(name);
  return code === Code.OK ? undefined : code;
}

function codeFromNumber(number: number): Code {
  if (isCode(number)) return number;
  return number >= 100 && number < 600 ? codeFromHttpStatus(number) : Code.Unknown;
}

function detailFromJson(json: unknown): ErrorDetail[] {
  if (!isJsonObject(json) || typeof json["@type"] !== "string") return [];
  const { "@type": typeUrl, ...rest } = json;
  const detail: ErrorDetail = { typeUrl, json: withPlainNumbers(rest) as JsonObject };
  return [
    withDecoder(detail, (schema, registry) => {
      // An Any holds a type that has its own JSON form under "value" (protobuf.dev, JSON mapping of Any).
      const content = hasCustomJsonRepresentation(schema) ? rest.value : rest;
      return messageFromParsedJson(schema, content, { registry, unknownAny: "kept" });
    }),
  ];
}

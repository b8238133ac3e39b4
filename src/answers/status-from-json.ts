import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { Code, codeFromProtobufName, isCode } from "../errors/code.ts";
import type { ErrorDetail } from "../errors/error-detail.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { ErrorWords } from "./error-words.ts";

/**
 * Reads an error body as a google.rpc.Status in JSON, plain or as Google's own APIs wrap it,
 * `{"error": {"code": 404, "status": "NOT_FOUND", "message": …}}`, or gives undefined if it is neither.
 *
 * It is read by hand: the JSON form of an Any needs its message type, and a Status may carry any.
 *
 * @see https://google.aip.dev/193#http11json-representation
 */
export function statusFromJson(json: JsonValue): ErrorWords | undefined {
  if (!isObject(json)) return undefined;
  const status = isObject(json.error) && typeof json.error.code !== "string" ? json.error : json;
  const { code, message } = status;
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

function detailFromJson(json: JsonValue): ErrorDetail[] {
  if (!isObject(json) || typeof json["@type"] !== "string") return [];
  const { "@type": typeUrl, ...rest } = json;
  return [{ typeUrl, json: rest }];
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

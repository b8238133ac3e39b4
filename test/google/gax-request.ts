import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
import type { HttpRule } from "../../gen/google/api/http_pb.js";
import type { HttpRequest } from "./http-request.ts";

const require = createRequire(import.meta.url);
// It has no entry of its own in the package; every request of a google-gax client over REST comes from it.
const { transcode } = require(join(dirname(require.resolve("google-gax")), "transcoding.js")) as {
  transcode(
    request: JsonValue,
    parsedOptions: readonly object[],
  ): { httpMethod: string; url: string; queryString: string; data: JsonValue } | undefined;
};

/**
 * The request that google-gax makes of a message in JSON by one rule.
 *
 * @returns undefined if it makes none
 */
export function gaxRequest({ pattern, body }: HttpRule, json: JsonValue): HttpRequest | undefined {
  if (pattern.case === undefined) return undefined;
  // As protobufjs reads the option: a rule has the names of its own .proto.
  const rule = { [pattern.case]: pattern.value, ...(body !== "" && { body }) };
  const made = transcode(structuredClone(json), [{ "(google.api.http)": rule }]);
  if (made === undefined) return undefined;
  const verb = made.httpMethod.toUpperCase();
  // Its stub sends the data as JSON, and takes the body away from these two.
  const hasBody = verb !== "GET" && verb !== "DELETE";
  return {
    verb,
    path: made.url,
    query: made.queryString,
    body: hasBody ? JSON.stringify(made.data) : undefined,
  };
}

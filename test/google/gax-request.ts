import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
import type { HttpRule } from "../../gen/google/api/http_pb.js";
import type { HttpRequest } from "./http-request.ts";

const require = createRequire(import.meta.url);
// The package does not export this module. It makes every REST request of a google-gax client.
const { transcode } = require(join(dirname(require.resolve("google-gax")), "transcoding.js")) as {
  transcode(
    request: JsonValue,
    parsedOptions: readonly object[],
  ): { httpMethod: string; url: string; queryString: string; data: JsonValue } | undefined;
};

/**
 * Makes the request of google-gax for a message in JSON and one rule.
 *
 * @returns undefined if google-gax makes none
 */
export function gaxRequest({ pattern, body }: HttpRule, json: JsonValue): HttpRequest | undefined {
  if (pattern.case === undefined) return undefined;
  // The option in the form of protobufjs.
  const rule = { [pattern.case]: pattern.value, ...(body !== "" && { body }) };
  const made = transcode(structuredClone(json), [{ "(google.api.http)": rule }]);
  if (made === undefined) return undefined;
  const verb = made.httpMethod.toUpperCase();
  // The stub of google-gax sends the data as JSON, except with these two methods.
  const hasBody = verb !== "GET" && verb !== "DELETE";
  return {
    verb,
    path: made.url,
    query: made.queryString,
    body: hasBody ? JSON.stringify(made.data) : undefined,
  };
}

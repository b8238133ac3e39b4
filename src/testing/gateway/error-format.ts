import type { StatusError } from "./status-error.ts";

/**
 * The form in which a test server writes its errors:
 *
 * - `"status"`: a google.rpc.Status in the negotiated encoding, like a grpc-gateway
 * - `"google"`: `{"error":{"code":404,"message":"…","status":"NOT_FOUND","details":[…]}}`, like Google's APIs
 * - `"openfga"`: `{"code":"not_found","message":"…"}`, like OpenFGA
 * - `"problem"`: `{"type":"about:blank","title":"Not Found","status":404,"detail":"…"}` as `application/problem+json`
 *   (RFC 9457)
 * - `"oauth"`: `{"error":"not_found","error_description":"…"}` (RFC 6749)
 * - `"text"`: the message as `text/plain`
 * - a function: what it returns, an object as JSON and a string as `text/plain`
 */
export type ErrorFormat =
  | "status"
  | "google"
  | "openfga"
  | "problem"
  | "oauth"
  | "text"
  | ((error: StatusError) => object | string);

const names: Readonly<Record<Extract<ErrorFormat, string>, true>> = {
  status: true,
  google: true,
  openfga: true,
  problem: true,
  oauth: true,
  text: true,
};

/** The names of the forms. */
export const errorFormatNames: readonly string[] = Object.keys(names);

export function isErrorFormat(format: unknown): format is ErrorFormat {
  return typeof format === "function" || errorFormatNames.includes(format as string);
}

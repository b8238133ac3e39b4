import { isAuthorization, trimBlanks } from "../client/request-headers.ts";
import { lenientUtf8 } from "../codecs/utf8.ts";

/** A token is renewed before it expires: by a tenth of its lifetime, at most by this, in milliseconds. */
const MAX_MARGIN_MS = 60_000;

/** An access token from the token endpoint. */
export interface Token {
  readonly value: string;
  // Both in milliseconds on the clock of performance.now().
  readonly renewAt: number;
  readonly expiresAt: number;
}

/**
 * Reads the body of a 2xx response of the token endpoint: `{"token": …, "expiresIn": "<seconds>"}`.
 *
 * @param now on the clock of performance.now()
 * @returns the problem as a text, if there is no usable token
 */
export function readToken(body: Uint8Array, now: number): Token | string {
  let json: unknown;
  try {
    json = JSON.parse(lenientUtf8.decode(body));
  } catch {
    return "the response of the token endpoint has no token: it is not JSON";
  }
  const { token, expiresIn } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof token !== "string") return "the response of the token endpoint has no token";
  const value = trimBlanks(token);
  if (value === "") return "the response of the token endpoint has an empty token";
  if (!isAuthorization(value)) return "the token endpoint returned a token that is no valid header value";
  const lifetimeMs = lifetimeMsOf(expiresIn);
  const expiresAt = now + lifetimeMs;
  return { value, renewAt: expiresAt - Math.min(lifetimeMs / 10, MAX_MARGIN_MS), expiresAt };
}

/**
 * The lifetime of a token, in milliseconds. A token without a readable `expiresIn` is used until the server rejects it. A
 * token that has already expired serves only the calls that wait for it.
 */
function lifetimeMsOf(expiresIn: unknown): number {
  // A google.protobuf.Duration in JSON ends in an s.
  const text = typeof expiresIn === "string" ? expiresIn.trim().replace(/s$/, "") : expiresIn;
  const seconds = typeof text === "number" || (typeof text === "string" && text !== "") ? Number(text) : NaN;
  return Number.isNaN(seconds) ? Number.POSITIVE_INFINITY : Math.max(seconds, 0) * 1_000;
}

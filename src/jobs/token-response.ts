import { isAuthorization, withoutBlanks } from "../client/request-headers.ts";

/** How long before its end a token is replaced: a tenth of its life, at most this, in milliseconds. */
const LONGEST_MARGIN_MS = 60_000;

/** An access token that an API key was exchanged for. */
export interface Token {
  readonly value: string;
  // Both in milliseconds on the clock of performance.now().
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** Leaves a byte order mark out, as the reading of a call's response does. */
const utf8 = new TextDecoder();

/**
 * Reads the body of a 2xx response of the token endpoint: `{"token": …, "expiresIn": "<seconds>"}`.
 *
 * @param now on the clock of performance.now()
 * @returns what is wrong with it, if there is no token that can be sent
 */
export function readToken(body: Uint8Array, now: number): Token | string {
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(body));
  } catch {
    return "the response of the token endpoint holds no token: it is not JSON";
  }
  const { token, expiresIn } = (json ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof token !== "string") return "the response of the token endpoint holds no token";
  const value = withoutBlanks(token);
  if (value === "") return "the response of the token endpoint holds an empty token";
  if (!isAuthorization(value)) return "the token endpoint gave a token that cannot be sent in a header";
  const lifeMs = lifeMsOf(expiresIn);
  const expiresAt = now + lifeMs;
  return { value, renewAt: expiresAt - Math.min(lifeMs / 10, LONGEST_MARGIN_MS), expiresAt };
}

/**
 * In milliseconds. A token that does not say how long it lives, or not in a way that can be understood, is used until the
 * server refuses it. One that has no time left is good for those who wait for it, and for nobody else.
 */
function lifeMsOf(expiresIn: unknown): number {
  // A google.protobuf.Duration in JSON ends in an s.
  const text = typeof expiresIn === "string" ? expiresIn.trim().replace(/s$/, "") : expiresIn;
  const seconds = typeof text === "number" || (typeof text === "string" && text !== "") ? Number(text) : NaN;
  return Number.isNaN(seconds) ? Number.POSITIVE_INFINITY : Math.max(seconds, 0) * 1_000;
}

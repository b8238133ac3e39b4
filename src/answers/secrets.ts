import type { WireResponse } from "../wire/wire.ts";

/** Shorter ones could be anything, and no service gives them out. */
const SHORTEST_SECRET = 8;

/**
 * An answer in which every secret that was sent is overwritten with asterisks, byte for byte, so that what is
 * around it can be read as before. Some servers repeat a token that they refuse, and errors end up in logs.
 */
export function maskSecrets(response: WireResponse, secrets: readonly string[]): WireResponse {
  const long = secrets.filter(({ length }) => length >= SHORTEST_SECRET);
  if (long.length === 0) return response;
  return {
    ...response,
    headers: maskedHeaders(response.headers, long),
    body: maskedBody(response.body, long),
  };
}

function maskedHeaders(
  headers: WireResponse["headers"],
  secrets: readonly string[],
): WireResponse["headers"] {
  const mask = (text: string) =>
    secrets.reduce((rest, secret) => rest.replaceAll(secret, asterisks(secret)), text);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value === undefined ? value : typeof value === "string" ? mask(value) : value.map(mask),
    ]),
  );
}

function maskedBody(body: Uint8Array, secrets: readonly string[]): Uint8Array {
  let bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  for (const secret of secrets) {
    let at = bytes.indexOf(secret);
    if (at >= 0 && bytes.buffer === body.buffer) bytes = Buffer.from(bytes);
    for (; at >= 0; at = bytes.indexOf(secret, at)) bytes.fill("*", at, at + Buffer.byteLength(secret));
  }
  return bytes;
}

function asterisks({ length }: string): string {
  return "*".repeat(length);
}

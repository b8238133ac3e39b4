/**
 * Escapes a value for one segment of a path, or for the key or the value of a query parameter: everything but
 * `A-Z a-z 0-9 - _ . ~` (google/api/http.proto, "contains exactly one path segment").
 *
 * @returns undefined if the text is not well-formed Unicode
 */
export function escapeSegment(text: string): string | undefined {
  return isUnreserved(text, false) ? text : escapeAll(text);
}

/**
 * Escapes a value for several segments of a path, without `/`. It escapes `%` like other characters, so that the text
 * `%2F` in a value survives a round trip.
 *
 * @returns undefined if the text is not well-formed Unicode
 */
export function escapeSegments(text: string): string | undefined {
  if (isUnreserved(text, true)) return text;
  return escapeAll(text)?.replaceAll("%2F", "/");
}

/**
 * Undoes {@link escapeSegment}.
 *
 * @returns undefined if the text has an invalid escape, or its bytes are not UTF-8
 */
export function unescapeSegment(text: string): string | undefined {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Undoes {@link escapeSegments}. An escaped slash stays escaped (google/api/http.proto: `except "%2F" and "%2f" are left
 * unchanged`), because a decoded one would separate segments.
 *
 * @returns undefined if the text has an invalid escape, or its bytes are not UTF-8
 */
export function unescapeSegments(text: string): string | undefined {
  return unescapeSegment(text.replace(/%2f/gi, (slash) => `%25${slash.slice(1)}`));
}

/** Unescapes the key or the value of a query parameter, where `+` is a space. */
export function unescapeQuery(text: string): string | undefined {
  return unescapeSegment(text.includes("+") ? text.replaceAll("+", " ") : text);
}

function escapeAll(text: string): string | undefined {
  try {
    return encodeURIComponent(text).replace(/[!'()*]/g, escapeMark);
  } catch {
    // URIError: a lone surrogate.
    return undefined;
  }
}

/** Escapes a character that encodeURIComponent does not escape, but http.proto does. */
function escapeMark(mark: string): string {
  return `%${mark.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** Scans without allocation, because nearly all ids need no escapes. */
function isUnreserved(text: string, slashes: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const isLetter = (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a);
    // 0-9, then "-", ".", "_", "~"
    const isOther = (c >= 0x30 && c <= 0x39) || c === 0x2d || c === 0x2e || c === 0x5f || c === 0x7e;
    if (!isLetter && !isOther && !(slashes && c === 0x2f)) return false;
  }
  return true;
}

/**
 * Escapes a value for one segment of a path, or for one half of a query parameter: everything but
 * `A-Z a-z 0-9 - _ . ~` (google/api/http.proto, "contains exactly one path segment").
 *
 * @returns undefined if the text is not well-formed Unicode
 */
export function escapeSegment(text: string): string | undefined {
  return isUnreserved(text, false) ? text : escapeAll(text);
}

/**
 * Escapes a value that is several segments of a path: `/` stays too. `%` is escaped like everything else, so
 * that a value which holds the text `%2F` comes back with it.
 *
 * @returns undefined if the text is not well-formed Unicode
 */
export function escapeSegments(text: string): string | undefined {
  if (isUnreserved(text, true)) return text;
  return escapeAll(text)?.replaceAll("%2F", "/");
}

/**
 * The way back from {@link escapeSegment}.
 *
 * @returns undefined if the text holds an escape that is none, or bytes that are not UTF-8
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
 * The way back from {@link escapeSegments}. An escaped slash stays as it is (google/api/http.proto: `except
 * "%2F" and "%2f" are left unchanged`): decoded, it could not be told from one that divides segments.
 *
 * @returns undefined if the text holds an escape that is none, or bytes that are not UTF-8
 */
export function unescapeSegments(text: string): string | undefined {
  return unescapeSegment(text.replace(/%2f/gi, (slash) => `%25${slash.slice(1)}`));
}

/** Like {@link unescapeSegment}, for a query, where a `+` is a space. */
export function unescapeQuery(text: string): string | undefined {
  return unescapeSegment(text.includes("+") ? text.replaceAll("+", " ") : text);
}

function escapeAll(text: string): string | undefined {
  try {
    return encodeURIComponent(text).replace(/[!'()*]/g, escapeMark);
  } catch {
    // URIError: half of a surrogate pair.
    return undefined;
  }
}

/** What encodeURIComponent leaves but http.proto does not. */
function escapeMark(mark: string): string {
  return `%${mark.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** A scan without allocation: an id is nearly always fit to be sent as it is. */
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

const lenientUtf8 = new TextDecoder();

/** How much of a body is looked at for something to read, in bytes. */
const LOOKED_AT = 4096;

/** The first line that a person would read in a body that is no message: a proxy's page, a bare sentence. */
export function firstReadableLine(body: Uint8Array): string {
  const text = lenientUtf8.decode(body.subarray(0, LOOKED_AT));
  if (isJsonWithoutText(text)) return "";
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(text)?.[1];
  const plain = title ?? (text.trimStart().startsWith("<") ? text.replace(/<[^>]*>/g, "\n") : text);
  const line = plain.split(/[\r\n]+/).find((each) => each.trim() !== "");
  // Bytes that are no text would only make the message unreadable; they stay in the error's `body`.
  return line === undefined || line.includes("\u0000") || line.includes("\ufffd") ? "" : line.trim();
}

/** `null`, `""`, `[]`, `{}`, `502`: JSON that has nothing to read in it. */
function isJsonWithoutText(text: string): boolean {
  try {
    return !hasText(JSON.parse(text));
  } catch {
    return false;
  }
}

function hasText(json: unknown): boolean {
  if (typeof json === "object" && json !== null) return Object.values(json).some(hasText);
  return typeof json === "string" && json !== "";
}

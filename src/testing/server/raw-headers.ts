import type { HttpHeaders } from "../../errors/http-headers.ts";

/** Header lines as Node reads them off the wire: names and values in turn, in the spelling and order of the sender. */
export type RawHeaders = readonly string[];

/** The values of a header's lines, whatever the letter case of its name. Node's own record joins or drops some. */
export function headerLines(headers: RawHeaders, name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === name);
}

/**
 * Header lines by name in lower case; those that came several times as an array. The record has no prototype: a header
 * may be called `constructor` or `__proto__`.
 */
export function headersByName(headers: RawHeaders): HttpHeaders {
  const byName: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const value = headers[i + 1] as string;
    const before = byName[name];
    byName[name] = before === undefined ? value : [before, value].flat();
  }
  return byName;
}

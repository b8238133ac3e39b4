import type { HttpHeaders } from "../../errors/http-headers.ts";

/** Header lines as Node's `rawHeaders`: names and values in turn, in the sender's letter case and order. */
export type RawHeaders = readonly string[];

/** The values of all lines of a header. Node's `headers` joins or drops repeated lines. @param name in lower case */
export function headerLines(headers: RawHeaders, name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === name);
}

/**
 * Groups header lines by name in lower case; a repeated header becomes an array. The record has no prototype, because a
 * header may be named `constructor` or `__proto__`.
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

import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { type ErrorDetail, findDetails } from "../errors/error-detail.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";

/**
 * How long the server asks to wait before the next try, in milliseconds: from a `Retry-After` header
 * (RFC 9110, section 10.2.3: seconds or a date) or a google.rpc.RetryInfo detail, the longest one if there
 * are several. Undefined if it says nothing that can be understood.
 *
 * @param now the present, in milliseconds since 1970, which a date is compared with
 */
export function pushbackMs(
  headers: HttpHeaders,
  details: readonly ErrorDetail[],
  now: number,
): number | undefined {
  const retryAfter = [headers["retry-after"] ?? []].flat();
  const waits = [...retryAfter.map((text) => retryAfterMs(text, now)), retryInfoMs(details)];
  const known = waits.filter((wait) => wait !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function retryAfterMs(header: string, now: number): number | undefined {
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  // A date has a comma or, in the form of asctime, the name of a day; Date.parse takes much else.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const date = Date.parse(/GMT$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}

function retryInfoMs(details: readonly ErrorDetail[]): number | undefined {
  const delay = findDetails(details, RetryInfoSchema)[0]?.retryDelay;
  if (delay === undefined) return undefined;
  return Math.max(Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000, 0);
}

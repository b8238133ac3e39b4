import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { type ErrorDetail, findDetails } from "../errors/error-detail.ts";
import type { HttpHeaders } from "../errors/http-headers.ts";

/**
 * How long the server asks the client to wait before the next attempt, in milliseconds. It comes from a `Retry-After`
 * header (RFC 9110, section 10.2.3: seconds or a date, and nothing else) or a google.rpc.RetryInfo detail; the longest wait
 * counts. The result is undefined if there is none, or none that is valid.
 *
 * @param now the present, in milliseconds since 1970, to which a date is relative
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
  const date = httpDate(text, now);
  return date === undefined ? undefined : Math.max(date - now, 0);
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const dayName = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const longDayName = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day";
const month = `(?<month>${months.join("|")})`;
const time = "(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)";

/** IMF-fixdate, rfc850-date and asctime-date, exactly as the RFC writes them. */
const dateForms = [
  new RegExp(`^${dayName}, (?<day>\\d\\d) ${month} (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^${longDayName}, (?<day>\\d\\d)-${month}-(?<year>\\d\\d) ${time} GMT$`),
  new RegExp(`^${dayName} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/**
 * Reads a date in one of the three forms of RFC 9110, section 5.6.7, as milliseconds since 1970. Date.parse would also
 * accept `Sun 5`.
 */
function httpDate(text: string, now: number): number | undefined {
  const parts = dateForms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) return undefined;
  const number = (name: string) => Number(parts[name]);
  const [day, hour, minute, second] = [number("day"), number("hour"), number("minute"), number("second")];
  const year = parts.year?.length === 2 ? fullYear(number("year"), now) : number("year");
  const midnight = new Date(Date.UTC(year, months.indexOf(parts.month ?? ""), day));
  // Second 60 is a leap second.
  const isValid = midnight.getUTCDate() === day && hour < 24 && minute < 60 && second <= 60;
  return isValid ? midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000 : undefined;
}

/** The year with these last two digits that is no more than 50 years ahead. */
function fullYear(twoDigits: number, now: number): number {
  const last = new Date(now).getUTCFullYear() + 50;
  return last - ((last - twoDigits) % 100);
}

function retryInfoMs(details: readonly ErrorDetail[]): number | undefined {
  const delay = findDetails(details, RetryInfoSchema)[0]?.retryDelay;
  if (delay === undefined) return undefined;
  return Math.max(Number(delay.seconds) * 1_000 + delay.nanos / 1_000_000, 0);
}

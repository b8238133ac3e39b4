import { type HttpHeaders, headerText } from "../errors/http-headers.ts";

/** Why an answer of 3xx is an error, with where it points: without path and query, which may hold what is secret. */
export function describeRedirection(status: number, headers: HttpHeaders): string {
  // It leads nowhere (RFC 9110, section 15.4.5).
  if (status === 304)
    return "not modified, which answers a condition (If-None-Match) that a call does not have";
  const location = headerText(headers, "location");
  const host = location !== undefined && URL.canParse(location) ? new URL(location).host : "";
  return `redirected${host && ` to ${host}`}: redirects are not followed, because credentials must not travel`;
}

import type { ServerAddress } from "../diagnostics/call-event.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";

/** A base URL, parsed once for all calls. */
export interface BaseUrl {
  /** For instance `"https://api.bytenite.com"`. */
  readonly origin: string;
  /** The path as given, at least `"/"`. */
  readonly path: string;
  /** The path before every route, without a slash at its end: `"/v1/customer"` or `""`. */
  readonly pathPrefix: string;
  /** Whether requests travel over the network unencrypted. */
  readonly isPlaintext: boolean;
}

/**
 * Validates and parses a URL option. The error never shows the URL, because it may hold a password.
 *
 * @param option the name of the option
 */
export function parseBaseUrl(baseUrl: string | URL, option = "baseUrl"): BaseUrl {
  const invalid = (reason: string) => invalidArgument(`${option} ${reason}`);
  if (typeof baseUrl !== "string" && !(baseUrl instanceof URL)) throw invalid("must be a string or a URL");
  let url: URL;
  try {
    url = new URL(baseUrl);
  } catch {
    throw invalid('must be absolute, for instance "https://api.example.com/v1"');
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw invalid("must begin with https: or http:");
  if (url.username !== "" || url.password !== "") throw invalid("must not hold a user name or password");
  if (url.search !== "" || url.hash !== "") throw invalid("must not hold a query or a fragment");
  return {
    origin: url.origin,
    path: url.pathname,
    pathPrefix: url.pathname.replace(/\/+$/, ""),
    isPlaintext: url.protocol === "http:" && !isLoopback(url.hostname),
  };
}

/** The host and port of a base URL, for diagnostics. */
export function serverAddress({ origin }: BaseUrl): ServerAddress {
  const { hostname, port, protocol } = new URL(origin);
  return {
    serverAddress: hostname.replace(/^\[(.*)\]$/, "$1"),
    serverPort: Number(port || (protocol === "https:" ? 443 : 80)),
  };
}

/** Whether requests to a host stay on this machine (RFC 6761, section 6.3; RFC 5735; RFC 4291). */
function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

import type { ServerAddress } from "../diagnostics/call-event.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";

/** A base URL, taken apart once for all calls. */
export interface BaseUrl {
  /** For instance `"https://api.bytenite.com"`. */
  readonly origin: string;
  /** The path as it was given, at least `"/"`. */
  readonly path: string;
  /** What stands before every route, without a slash at its end: `"/v1/customer"` or `""`. */
  readonly pathPrefix: string;
  /** Whether what is sent there can be read on the way. */
  readonly isPlaintext: boolean;
}

/**
 * Checks a URL that is an option. The error never shows it: it may hold a password.
 *
 * @param option the name of the option
 */
export function parseBaseUrl(baseUrl: string | URL, option = "baseUrl"): BaseUrl {
  const refuse = (reason: string) => invalidArgument(`${option} ${reason}`);
  if (typeof baseUrl !== "string" && !(baseUrl instanceof URL)) throw refuse("must be a string or a URL");
  let url: URL;
  try {
    url = new URL(baseUrl);
  } catch {
    throw refuse('must be absolute, for instance "https://api.example.com/v1"');
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse("must begin with https: or http:");
  if (url.username !== "" || url.password !== "") throw refuse("must not hold a user name or password");
  if (url.search !== "" || url.hash !== "") throw refuse("must not hold a query or a fragment");
  return {
    origin: url.origin,
    path: url.pathname,
    pathPrefix: url.pathname.replace(/\/+$/, ""),
    isPlaintext: url.protocol === "http:" && !isLoopback(url.hostname),
  };
}

/** Host and port of a base URL, as telemetry names them. */
export function serverAddress({ origin }: BaseUrl): ServerAddress {
  const { hostname, port, protocol } = new URL(origin);
  return {
    serverAddress: hostname.replace(/^\[(.*)\]$/, "$1"),
    serverPort: Number(port || (protocol === "https:" ? 443 : 80)),
  };
}

/** What never leaves this machine (RFC 6761, section 6.3; RFC 5735; RFC 4291). */
function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127\.\d+\.\d+\.\d+$/.test(hostname)
  );
}

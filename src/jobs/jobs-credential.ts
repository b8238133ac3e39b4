import { parseBaseUrl } from "../client/base-url.ts";
import type { Connections } from "../client/connections.ts";
import type { DynamicValue } from "../client/dynamic-values.ts";
import { checkedHeaderValue, insecureCredential } from "../client/request-headers.ts";
import type { TransportSettings } from "../client/rest-transport-options.ts";
import { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { checkedApiKey, defaultTokenUrl, TokenExchange } from "./token-exchange.ts";

/** An access token, or a function that returns one. It is called on every attempt; a cache is up to the function. */
export type AccessTokenSource = string | (() => string | Promise<string>);

/** Calls with an access token that the caller has. */
export interface AccessTokenOption {
  /** The access token, or a function that returns one and is called on every attempt. */
  readonly accessToken: AccessTokenSource;
  readonly apiKey?: undefined;
  readonly tokenUrl?: undefined;
}

/** Calls with access tokens that the client exchanges an API key for. */
export interface ApiKeyOptions {
  /**
   * The API key. The client sends it only to `tokenUrl`. It retries an exchange that fails with a transient error by its
   * `retry` option, as an idempotent call. If no exchange succeeds, calls that need the token fail with outcome `not_sent`.
   */
  readonly apiKey: string;
  /**
   * The URL that exchanges the key for an access token.
   *
   * @default "../auth/access_token", relative to the base URL
   */
  readonly tokenUrl?: string | URL | undefined;
  readonly accessToken?: undefined;
}

/** The options of a credential, as a caller without types may give them. */
export type CredentialOptions = Readonly<Record<keyof (AccessTokenOption & ApiKeyOptions), unknown>>;

/** The Authorization header of calls, and the exchange behind it, if there is one. */
export interface JobsCredential {
  /** The access token, without `Bearer`. */
  readonly header: DynamicValue;
  /** Ends the wait for the next exchange of an API key, with the error of the last one. */
  stopRetries(): void;
  /** Aborts an exchange of an API key. */
  stop(): void;
}

/** @throws RpcError `InvalidArgument` that names the option, if one is invalid */
export function jobsCredential(
  { accessToken, apiKey, tokenUrl }: CredentialOptions,
  settings: TransportSettings,
  connections: Connections,
): JobsCredential {
  if ((accessToken === undefined) === (apiKey === undefined)) {
    throw invalidArgument("give either accessToken or apiKey");
  }
  const credential =
    apiKey === undefined
      ? tokenCredential(accessToken as AccessTokenSource, tokenUrl)
      : apiKeyCredential(apiKey, tokenUrl, settings, connections);
  const { name, option } = credential.header;
  if (settings.headers.has(name)) {
    throw invalidArgument(`headers: the Authorization header is set by ${option}`);
  }
  return credential;
}

function tokenCredential(source: AccessTokenSource, tokenUrl: unknown): JobsCredential {
  if (tokenUrl !== undefined) throw invalidArgument("tokenUrl goes with apiKey");
  const nothingToStop = { stopRetries: () => undefined, stop: () => undefined };
  return { header: tokenHeader(source), ...nothingToStop };
}

function tokenHeader(source: AccessTokenSource): DynamicValue {
  const header = {
    place: "header",
    name: "authorization",
    option: "accessToken",
    failureCode: Code.Unauthenticated,
  } as const;
  if (typeof source === "function") {
    // The client calls the function again after a 401, because it may return a new token by then.
    return { ...header, getValue: () => source(), onRejected: () => undefined };
  }
  if (typeof source === "string" && source.trim() !== "") {
    const value = checkedHeaderValue(header.name, source, header.option);
    return { ...header, getValue: () => value, fixedValue: value, secrets: [value] };
  }
  throw invalidArgument("accessToken must be a non-empty string or a function that returns one");
}

function apiKeyCredential(
  apiKey: unknown,
  tokenUrl: unknown,
  settings: TransportSettings,
  connections: Connections,
): JobsCredential {
  const url = (tokenUrl as string | URL | undefined) ?? defaultTokenUrl(settings.baseUrl);
  const endpoint = parseBaseUrl(url, "tokenUrl");
  if (endpoint.isPlaintext && !settings.allowInsecure) throw insecureCredential("apiKey");
  return new TokenExchange({
    apiKey: checkedApiKey(apiKey as string),
    endpoint,
    dispatcher: connections.to(endpoint.origin),
    retry: settings.retry,
  });
}

import { parseBaseUrl } from "../client/base-url.ts";
import { refusedCredential } from "../client/call-headers.ts";
import type { Connections } from "../client/connections.ts";
import type { Credential } from "../client/credential.ts";
import type { TransportSettings } from "../client/rest-transport-options.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { type AccessTokenSource, accessTokenCredential } from "./access-token.ts";
import { ApiKeyTokens, checkedApiKey, defaultTokenUrl } from "./api-key.ts";

/** Calls with an access token that the caller has. */
export interface AccessTokenOption {
  /** The access token, or a function that gives one and is asked on every attempt. */
  readonly accessToken: AccessTokenSource;
  readonly apiKey?: undefined;
  readonly tokenUrl?: undefined;
}

/** Calls with access tokens that the client gets for an API key. */
export interface ApiKeyOptions {
  /**
   * The API key. It is sent to `tokenUrl` and nowhere else. An exchange that fails in passing is retried by the client's
   * `retry`, as an idempotent call is; one that gives no token ends the calls that wait for it, with outcome `not_sent`.
   */
  readonly apiKey: string;
  /**
   * Where the key is exchanged for an access token.
   *
   * @default "../auth/access_token", seen from the base URL
   */
  readonly tokenUrl?: string | URL | undefined;
  readonly accessToken?: undefined;
}

/** The options of a credential, as a caller without types may give them. */
export type CredentialOptions = Readonly<Record<keyof (AccessTokenOption & ApiKeyOptions), unknown>>;

/** What calls carry to say who makes them. */
export interface JobsCredential {
  readonly header: Credential;
  /** The API key, if that is what it was made from: a secret besides the header's. */
  readonly apiKey: string | undefined;
  /** Ends the wait for another exchange of an API key, with the error of the last one. */
  stopRetries(): void;
  /** Ends an exchange of an API key that is under way. */
  stop(): void;
}

/** @throws RpcError `InvalidArgument` that names the option, if one cannot be used */
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
      ? ofToken(accessToken as AccessTokenSource, tokenUrl)
      : ofApiKey(apiKey, tokenUrl, settings, connections);
  const { name, option } = credential.header;
  if (settings.headers.has(name)) {
    throw invalidArgument(`headers: the Authorization header is what ${option} sets`);
  }
  return credential;
}

function ofToken(accessToken: AccessTokenSource, tokenUrl: unknown): JobsCredential {
  if (tokenUrl !== undefined) throw invalidArgument("tokenUrl goes with apiKey");
  const nothingToStop = { stopRetries: () => undefined, stop: () => undefined };
  return { header: accessTokenCredential(accessToken), apiKey: undefined, ...nothingToStop };
}

function ofApiKey(
  apiKey: unknown,
  tokenUrl: unknown,
  settings: TransportSettings,
  connections: Connections,
): JobsCredential {
  const url = (tokenUrl as string | URL | undefined) ?? defaultTokenUrl(settings.baseUrl);
  const endpoint = parseBaseUrl(url, "tokenUrl");
  if (endpoint.isPlaintext && !settings.allowInsecure) throw refusedCredential("apiKey");
  const key = checkedApiKey(apiKey as string);
  const dispatcher = connections.to(endpoint.origin);
  const tokens = new ApiKeyTokens({ apiKey: key, endpoint, dispatcher, retry: settings.retry });
  const { header } = tokens;
  return { header, apiKey: key, stopRetries: () => tokens.stopRetries(), stop: () => tokens.stop() };
}

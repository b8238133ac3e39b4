import type { AskedHeader } from "../client/asked-headers.ts";
import { parseBaseUrl } from "../client/base-url.ts";
import { refusedCredential } from "../client/call-headers.ts";
import type { Connections } from "../client/connections.ts";
import { isCredential } from "../client/request-headers.ts";
import { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { type AccessTokenSource, accessTokenCredential } from "../jobs/access-token.ts";
import { ApiKeyTokens, checkedApiKey, defaultTokenUrl } from "../jobs/api-key.ts";
import type { ProbeSettings } from "./probe-options.ts";

/** The headers of a probe's requests that may hold secrets. */
export interface ProbeHeaders {
  /** The access token. */
  readonly token: AskedHeader;
  /** The caller's own headers that are functions. */
  readonly asked: readonly AskedHeader[];
  /** The caller's own headers that are always the same, names and values in turn. */
  readonly fixed: readonly string[];
  /** What is known to be a secret before anything is asked for. */
  readonly secrets: readonly string[];
  /** Ends an exchange of an API key that is under way. */
  stop(): void;
}

/** @throws RpcError `InvalidArgument` that names the option, if one cannot be used */
export function probeHeaders(settings: ProbeSettings, connections: Connections): ProbeHeaders {
  const { transport } = settings;
  if (transport.headers.has("authorization")) {
    throw invalidArgument("headers: the Authorization header is what accessToken or apiKey sets");
  }
  const fixed: string[] = [];
  const asked: AskedHeader[] = [];
  const secrets: string[] = [];
  for (const [name, source] of transport.headers) {
    const isSecret = isCredential(name);
    if (isSecret && transport.refusesCredentials) throw refusedCredential(`headers: ${name}`);
    if (typeof source === "function") {
      asked.push({ name, ask: source, option: "headers", failureCode: Code.Unknown });
      continue;
    }
    fixed.push(name, source);
    if (isSecret) secrets.push(source);
  }
  const { token, stop, secret } = tokenHeader(settings, connections);
  return { token, stop, asked, fixed, secrets: secret === undefined ? secrets : [...secrets, secret] };
}

interface TokenHeader {
  readonly token: AskedHeader;
  readonly stop: () => void;
  readonly secret?: string;
}

function tokenHeader({ transport, credential }: ProbeSettings, connections: Connections): TokenHeader {
  const { accessToken, apiKey, tokenUrl } = credential;
  if ((accessToken === undefined) === (apiKey === undefined)) {
    throw invalidArgument("give either accessToken or apiKey");
  }
  if (transport.refusesCredentials) {
    throw refusedCredential(apiKey === undefined ? "accessToken" : "apiKey");
  }
  if (apiKey === undefined) {
    if (tokenUrl !== undefined) throw invalidArgument("tokenUrl goes with apiKey");
    const made = accessTokenCredential(accessToken as AccessTokenSource);
    const stop = () => undefined;
    if ("ask" in made) return { token: made, stop };
    const { name, option, value } = made;
    const token = { name, option, ask: () => value, failureCode: Code.Unauthenticated };
    return { token, stop, secret: value };
  }
  const key = checkedApiKey(apiKey as string);
  const url = (tokenUrl as string | URL | undefined) ?? defaultTokenUrl(transport.baseUrl);
  const endpoint = parseBaseUrl(url, "tokenUrl");
  if (endpoint.isPlaintext && !transport.allowInsecure) throw refusedCredential("apiKey");
  const tokens = new ApiKeyTokens(key, endpoint, connections.to(endpoint.origin));
  return { token: tokens.header, stop: () => tokens.stop(), secret: key };
}

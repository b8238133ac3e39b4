import type { AccessTokenOption, ApiKeyOptions } from "../jobs/jobs-credential.ts";
import { wholeNumber } from "./numbers.ts";
import type { ParsedOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

/** What a client and a probe have in common. */
export type Connection = (AccessTokenOption | ApiKeyOptions) & {
  readonly baseUrl: string | undefined;
  readonly allowInsecure: boolean;
  readonly timeoutMs: number | undefined;
};

/** Where to call and as whom, from the options and the environment. What is given as an option wins. */
export function connectionFrom(options: ParsedOptions, env: Terminal["env"]): Connection {
  return {
    ...credentialFrom(options, env),
    baseUrl: options.text("base-url") ?? baseUrlFrom(env),
    allowInsecure: options.flag("allow-insecure"),
    timeoutMs: wholeNumber("--timeout", options.text("timeout")),
  };
}

/** An empty one is a slip: taken for none, it would lead to the production API. */
function baseUrlFrom({ BYTENITE_BASE_URL: baseUrl }: Terminal["env"]): string | undefined {
  if (baseUrl === "") throw new UsageError("BYTENITE_BASE_URL is set, but empty");
  return baseUrl;
}

function credentialFrom(options: ParsedOptions, env: Terminal["env"]): AccessTokenOption | ApiKeyOptions {
  const tokenUrl = options.text("token-url");
  const given = oneOf(options.text("access-token"), options.text("api-key"), "--access-token", "--api-key");
  const credential =
    given ??
    oneOf(
      env.BYTENITE_ACCESS_TOKEN || undefined,
      env.BYTENITE_API_KEY || undefined,
      "BYTENITE_ACCESS_TOKEN",
      "BYTENITE_API_KEY",
    );
  if (credential === undefined) {
    const names = ["BYTENITE_ACCESS_TOKEN", "BYTENITE_API_KEY"];
    const empty = names.find((name) => env[name] === "");
    const why = empty === undefined ? `set ${names.join(" or ")}` : `${empty} is set, but empty`;
    throw new UsageError(`there is no credential: ${why}`);
  }
  if (credential.apiKey === undefined) {
    if (tokenUrl !== undefined) throw new UsageError("--token-url goes with an API key");
    return credential;
  }
  return { ...credential, tokenUrl };
}

function oneOf(
  accessToken: string | undefined,
  apiKey: string | undefined,
  ...[tokenName, keyName]: readonly [string, string]
): AccessTokenOption | ApiKeyOptions | undefined {
  if (accessToken !== undefined && apiKey !== undefined) {
    throw new UsageError(`${tokenName} and ${keyName} are both given: only one can be used`);
  }
  if (accessToken !== undefined) return { accessToken };
  return apiKey === undefined ? undefined : { apiKey };
}

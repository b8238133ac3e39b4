import type { AccessTokenOption, ApiKeyOptions } from "../jobs/jobs-credential.ts";
import type { LibraryNames } from "./option-names.ts";
import { checkUtf8, type ParsedOptions, UsageError, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** The connection options of a client and of a probe. */
export type Connection = (AccessTokenOption | ApiKeyOptions) & {
  readonly baseUrl: string | undefined;
  readonly allowInsecure: boolean;
  readonly timeoutMs: number | undefined;
};

/** The names of these options. */
export const connectionNames: LibraryNames = {
  baseUrl: ["--base-url", "BYTENITE_BASE_URL"],
  accessToken: ["--access-token", "BYTENITE_ACCESS_TOKEN"],
  apiKey: ["--api-key", "BYTENITE_API_KEY"],
  tokenUrl: ["--token-url"],
  allowInsecure: ["--allow-insecure"],
  timeoutMs: ["--timeout"],
};

const variables = ["BYTENITE_BASE_URL", "BYTENITE_ACCESS_TOKEN", "BYTENITE_API_KEY"] as const;

/** Reads the connection options from the command line and the environment. The command line takes precedence. */
export function connectionFrom(options: ParsedOptions, env: Terminal["env"]): Connection {
  for (const name of variables) checkUtf8(name, env[name] ?? "");
  return {
    ...credentialFrom(options, env),
    baseUrl: options.text("base-url") ?? baseUrlFrom(env),
    allowInsecure: options.flag("allow-insecure"),
    timeoutMs: wholeNumber("--timeout", options.text("timeout")),
  };
}

/** Describes a common mistake in a token that the server rejected, without printing the token. */
export function hintAboutToken({ accessToken }: Connection, status = 401): string | undefined {
  if (typeof accessToken !== "string" || status !== 401) return undefined;
  const [, before] = /^(bearer\b|authorization:|["'])/i.exec(accessToken.trimStart()) ?? [];
  if (before === undefined) return undefined;
  return `the access token begins with ${before}; ByteNite expects the bare token`;
}

/** An empty value is an error: as no value, it would lead to the production API. */
function baseUrlFrom({ BYTENITE_BASE_URL: baseUrl }: Terminal["env"]): string | undefined {
  if (baseUrl === "") throw new UsageError("BYTENITE_BASE_URL is set, but empty");
  return baseUrl;
}

function credentialFrom(options: ParsedOptions, env: Terminal["env"]): AccessTokenOption | ApiKeyOptions {
  const tokenUrl = options.text("token-url");
  const fromOptions = oneOf(
    options.text("access-token"),
    options.text("api-key"),
    "--access-token",
    "--api-key",
  );
  const credential =
    fromOptions ??
    oneOf(
      env.BYTENITE_ACCESS_TOKEN || undefined,
      env.BYTENITE_API_KEY || undefined,
      "BYTENITE_ACCESS_TOKEN",
      "BYTENITE_API_KEY",
    );
  if (credential === undefined) {
    const [, ...names] = variables;
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
    throw new UsageError(`${tokenName} and ${keyName} are both given; give only one`);
  }
  if (accessToken?.trim() === "") throw new UsageError(`${tokenName} must not be empty`);
  if (accessToken !== undefined) return { accessToken };
  return apiKey === undefined ? undefined : { apiKey };
}

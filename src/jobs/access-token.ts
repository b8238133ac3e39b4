import type { Credential } from "../client/credential.ts";
import { checkedHeaderValue } from "../client/request-headers.ts";
import { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";

/** An access token, or a function that gives one; it is asked on every attempt, and caches if it wants to. */
export type AccessTokenSource = string | (() => string | Promise<string>);

/** The header that carries the token: bare, without `Bearer`. */
export function accessTokenCredential(source: AccessTokenSource): Credential {
  const header = { name: "authorization", option: "accessToken", failureCode: Code.Unauthenticated };
  if (typeof source === "function") {
    // After a 401 the function is asked again at once: it may have noticed by then.
    return { ...header, ask: () => source(), refused: () => undefined };
  }
  if (typeof source === "string" && source.trim() !== "") {
    return { ...header, value: checkedHeaderValue(header.name, source, header.option) };
  }
  throw invalidArgument("accessToken must be a string that is not empty, or a function that gives one");
}

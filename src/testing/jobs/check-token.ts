import { Code } from "../../errors/code.ts";
import type { HandlerContext } from "../gateway/service-implementation.ts";
import { StatusError } from "../gateway/status-error.ts";
import type { AccessTokens } from "./access-tokens.ts";

/** Lets a call pass whose `Authorization` header is a good token: the bare token, without `Bearer`. */
export function checkToken({ headers }: HandlerContext, tokens: AccessTokens): void {
  const { authorization } = headers;
  if (authorization === undefined) throw new StatusError(Code.Unauthenticated, "no access token was given");
  if (typeof authorization !== "string" || !tokens.isGood(authorization)) {
    throw new StatusError(Code.Unauthenticated, "the access token is not valid");
  }
}

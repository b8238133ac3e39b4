import { invalidArgument } from "../errors/invalid-argument.ts";
import { checkedNamedValues, insecureCredential, isCredential } from "./request-headers.ts";

/** Parameters whose names say that they hold a secret, beside those that would say so of a header. */
const secretParameters =
  /^(?:key|sig|sas|hmac|code|pass|pwd|otp|pin|sid|ticket|bearer|session(?:id)?|phpsessid)$|signature|passphrase|assertion|(?:app|application|auth|developer|license|user)[-_]?key$/;
/** Tokens that are no secrets: the position in a list (AIP-158). */
const positions = /^(?:next|page|continuation|continue|sync)[-_]?(?:page[-_]?)?token$/;

/** Whether a query parameter with this name holds a secret. */
export function isSecretParameter(name: string): boolean {
  const lower = name.toLowerCase();
  return secretParameters.test(lower) || (isCredential(lower) && !positions.test(lower));
}

/** Validates the value of a query parameter. The error never shows the value, because it may be a secret. */
export function checkedParameterValue(name: string, value: unknown): string {
  if (typeof value !== "string") throw invalidArgument(`query: the value of ${name} must be a string`);
  if (!value.isWellFormed()) throw invalidArgument(`query: the value of ${name} is not well-formed Unicode`);
  return value;
}

/**
 * Validates query parameters from options. The values may still be functions.
 *
 * @param forbidsCredentials whether a secret would travel unencrypted
 */
export function checkedParameters<Value>(
  query: Readonly<Record<string, Value | undefined>>,
  forbidsCredentials: boolean,
): Map<string, Value> {
  const checked = new Map<string, Value>();
  for (const [name, value] of Object.entries(checkedNamedValues("query", query))) {
    if (value === undefined) continue;
    if (name === "" || !name.isWellFormed()) {
      throw invalidArgument(`query: ${JSON.stringify(name)} is not the name of a parameter`);
    }
    if (typeof value !== "function") checkedParameterValue(name, value);
    if (forbidsCredentials && isSecretParameter(name)) throw insecureCredential(`query: ${name}`);
    checked.set(name, value);
  }
  return checked;
}

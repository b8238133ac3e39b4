import { type DynamicValue, dynamicValue } from "./dynamic-values.ts";
import { insecureCredential, isCredential } from "./request-headers.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/** The headers of every call of a transport, besides the library's own. */
export interface TransportHeaders {
  /** Headers whose values are resolved on every attempt. */
  readonly dynamic: readonly DynamicValue[];
  /** Headers with fixed values: names and values in turn. */
  readonly fixed: readonly string[];
  /** Secrets to redact in errors: the fixed values that are secrets by their names, and those of the credential. */
  readonly secrets: readonly string[];
}

/** @throws RpcError `InvalidArgument` that names the option, if a secret would travel unencrypted */
export function transportHeaders(
  { headers, forbidsCredentials }: Pick<TransportSettings, "headers" | "forbidsCredentials">,
  credential: DynamicValue | undefined,
): TransportHeaders {
  if (forbidsCredentials && credential !== undefined) throw insecureCredential(credential.option);
  const dynamic: DynamicValue[] = [];
  const fixed: string[] = [];
  const secrets = [...(credential?.secrets ?? [])];
  if (credential !== undefined && credential.fixedValue === undefined) dynamic.push(credential);
  for (const [name, source] of headers) {
    const isSecret = isCredential(name);
    if (isSecret && forbidsCredentials) throw insecureCredential(`headers: ${name}`);
    if (typeof source === "function") {
      dynamic.push(dynamicValue("header", name, source, "headers"));
      continue;
    }
    fixed.push(name, source);
    if (isSecret) secrets.push(source);
  }
  if (credential?.fixedValue !== undefined) fixed.push(credential.name, credential.fixedValue);
  return { dynamic, fixed, secrets };
}

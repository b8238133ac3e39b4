import { Code } from "../errors/code.ts";
import { refusedCredential } from "./call-headers.ts";
import type { Credential } from "./credential.ts";
import type { DynamicHeader } from "./dynamic-headers.ts";
import { isCredential } from "./request-headers.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/** The headers that every call of a transport carries, beside the library's own, by how their values are come by. */
export interface TransportHeaders {
  /** Those that are asked for on every attempt. */
  readonly asked: readonly DynamicHeader[];
  /** Those that are always the same: names and values in turn. */
  readonly fixed: readonly string[];
  /** What no error may show: the fixed values that, by their names, are secrets, and those of the credential. */
  readonly secrets: readonly string[];
}

/** @throws RpcError `InvalidArgument` that names the option, if a secret would travel in the open */
export function transportHeaders(
  { headers, refusesCredentials }: Pick<TransportSettings, "headers" | "refusesCredentials">,
  credential: Credential | undefined,
): TransportHeaders {
  if (refusesCredentials && credential !== undefined) throw refusedCredential(credential.option);
  const asked: DynamicHeader[] = [];
  const fixed: string[] = [];
  const secrets: string[] = [];
  if (credential !== undefined && "ask" in credential) {
    asked.push(credential);
    secrets.push(...(credential.secrets ?? []));
  }
  for (const [name, source] of headers) {
    const isSecret = isCredential(name);
    if (isSecret && refusesCredentials) throw refusedCredential(`headers: ${name}`);
    if (typeof source === "function") {
      // Called without arguments: it is the caller's.
      asked.push({ name, ask: () => source(), option: "headers", failureCode: Code.Unknown });
      continue;
    }
    fixed.push(name, source);
    if (isSecret) secrets.push(source);
  }
  if (credential !== undefined && "value" in credential) {
    fixed.push(credential.name, credential.value);
    secrets.push(credential.value);
  }
  return { asked, fixed, secrets };
}

import type { HttpRules } from "../transcoding/http-rules.ts";
import type { Transport } from "./transport.ts";

/** The property of this package's transports that holds their http rules, so that a client can validate them. */
export const transportRules = Symbol("http rules");

/** The http rules of a transport; undefined for a transport that is not this package's. */
export function httpRulesOf(transport: Transport): HttpRules | undefined {
  return (transport as { readonly [transportRules]?: HttpRules })[transportRules];
}

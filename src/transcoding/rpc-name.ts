import type { DescMethod } from "@bufbuild/protobuf";

/** The full name of an rpc, as gRPC spells it: `"bytenite.customer.Customer/RunJob"`. */
export function rpcName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/**
 * The name of an rpc among the methods of a client and of an implementation: protobuf-es's, which is `toJSON$` where
 * `toJSON` would collide. An object with a method `then` is a promise for JavaScript, and to await it would call the rpc,
 * so that one is `then$`.
 */
export function methodKey({ localName }: DescMethod): string {
  return localName === "then" ? "then$" : localName;
}

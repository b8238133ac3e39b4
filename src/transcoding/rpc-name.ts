import type { DescMethod } from "@bufbuild/protobuf";

/** The full name of an rpc in the form of gRPC: `"bytenite.customer.Customer/RunJob"`. */
export function rpcName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

/**
 * The name of an rpc's method in clients and service implementations. It is the name in protobuf-es, which avoids
 * collisions such as `toJSON` with `toJSON$`. `then` becomes `then$`, because JavaScript takes an object with a method
 * `then` for a promise, and `await` would call the rpc.
 */
export function methodKey({ localName }: DescMethod): string {
  return localName === "then" ? "then$" : localName;
}

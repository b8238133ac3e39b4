import type { DescMethod } from "@bufbuild/protobuf";

/** The full name of an rpc, as gRPC spells it: `"bytenite.customer.Customer/RunJob"`. */
export function rpcName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}

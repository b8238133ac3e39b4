import type { DescMessage, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { isUnary } from "../../transcoding/compile-route.ts";
import { methodKey } from "../../transcoding/rpc-name.ts";
import type { Handler, ServiceImplementation } from "./service-implementation.ts";

/** Handlers by their method. */
export type RpcHandlers = ReadonlyMap<DescMethodUnary, Handler<DescMessage, DescMessage>>;

/** @throws TypeError if something is implemented that the service does not have, or not by a function */
export function rpcHandlers<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
): RpcHandlers {
  const handlers = new Map<DescMethodUnary, Handler<DescMessage, DescMessage>>();
  for (const [name, handler] of Object.entries(implementation)) {
    if (handler === undefined) continue;
    const method = service.methods.find((each) => methodKey(each) === name);
    if (method === undefined || !isUnary(method))
      throw new TypeError(`${service.typeName} has no unary rpc ${name}`);
    if (typeof handler !== "function") throw new TypeError(`${name} must be a function`);
    // Each handler goes with its own method's messages: ServiceImplementation says so.
    handlers.set(method, handler as Handler<DescMessage, DescMessage>);
  }
  return handlers;
}

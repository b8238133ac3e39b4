import type { DescService } from "@bufbuild/protobuf";
import { createRestTransport } from "../../client/rest-transport.ts";
import type { RestTransportOptions } from "../../client/rest-transport-options.ts";
import type { Transport } from "../../client/transport.ts";
import { invalidArgument } from "../../errors/invalid-argument.ts";
import type { ServiceImplementation } from "../gateway/service-implementation.ts";
import type { MemoryServer } from "./memory-handle.ts";
import type { MemoryServerOptions } from "./memory-options.ts";
import { createMemoryServer } from "./memory-server.ts";

/** A transport's options, and those of the server that it leads to. */
export interface MemoryTransportOptions extends Omit<RestTransportOptions, "baseUrl" | "dispatcher"> {
  /** How the server is set up. */
  readonly server?: MemoryServerOptions | undefined;
}

/** A transport, and the server that it leads to. */
export interface MemoryTransport extends Transport {
  /** What it saw, and what it is to do wrong. Closing the transport closes it too. */
  readonly server: MemoryServer;
}

/**
 * A transport to an implementation in the same process. Everything of `createRestTransport` is there: interceptors,
 * deadline, retries, routes, codecs and checks. Everything of {@link startServer} is at its other end. Only the socket
 * between them is missing.
 *
 * @throws RpcError `InvalidArgument` that names the option, if one of the transport's cannot be used
 * @throws RangeError that names the option, if one of the server's cannot
 * @throws HttpRuleError with everything that is wrong with the rules, if anything is
 */
export function createMemoryTransport<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
  options: MemoryTransportOptions = {},
): MemoryTransport {
  const { server: serverOptions, ...own } = options;
  for (const name of ["baseUrl", "dispatcher"]) {
    if (name in own) throw invalidArgument(`${name}: a memory transport has its own`);
  }
  const server = createMemoryServer(service, implementation, serverOptions);
  const { baseUrl, dispatcher } = server;
  const transport = createRestTransport({ ...own, baseUrl, dispatcher });
  const close = async () => {
    await transport.close();
    await server.close();
  };
  return { unary: transport.unary, server, close, [Symbol.asyncDispose]: close };
}

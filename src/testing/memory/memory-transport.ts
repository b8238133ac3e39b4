import type { DescService } from "@bufbuild/protobuf";
import { createRestTransport } from "../../client/rest-transport.ts";
import type { RestTransportOptions } from "../../client/rest-transport-options.ts";
import type { Transport } from "../../client/transport.ts";
import { invalidArgument } from "../../errors/invalid-argument.ts";
import type { ServiceImplementation } from "../gateway/service-implementation.ts";
import type { MemoryServer } from "./memory-handle.ts";
import type { MemoryServerOptions } from "./memory-options.ts";
import { createMemoryServer } from "./memory-server.ts";

/** The options of a transport and of its memory server. */
export interface MemoryTransportOptions extends Omit<RestTransportOptions, "baseUrl" | "dispatcher"> {
  /** The options of the server. */
  readonly server?: MemoryServerOptions | undefined;
}

/** A transport with its memory server. */
export interface MemoryTransport extends Transport {
  /** The server, with its requests and faults. Closing the transport closes it too. */
  readonly server: MemoryServer;
}

/**
 * Creates a transport to an implementation in the same process. It combines all of `createRestTransport` (interceptors,
 * deadlines, retries, routes, codecs and validation) with all of {@link startServer}, without a socket between them.
 *
 * @throws RpcError `InvalidArgument` that names an invalid option of the transport
 * @throws RangeError that names an invalid option of the server
 * @throws HttpRuleError with all problems of the http rules
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
  const server = createMemoryServer(service, implementation, { httpRules: own.httpRules, ...serverOptions });
  const { baseUrl, dispatcher } = server;
  const transport = createRestTransport({ ...own, baseUrl, dispatcher });
  const close = async () => {
    await transport.close();
    await server.close();
  };
  return { ...transport, server, close, [Symbol.asyncDispose]: close };
}

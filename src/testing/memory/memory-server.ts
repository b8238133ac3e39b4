import type { DescService } from "@bufbuild/protobuf";
import { serviceGateway } from "../gateway/service-gateway.ts";
import type { ServiceImplementation } from "../gateway/service-implementation.ts";
import { type MemoryServer, memoryHandle } from "./memory-handle.ts";
import { type MemoryServerOptions, memorySettings } from "./memory-options.ts";

/**
 * What {@link startServer} serves, without a socket: for a client that is given the server's `dispatcher`. It is there
 * at once, and holds nothing that has to be closed.
 *
 * @throws RangeError that names the option, if one cannot be used
 * @throws HttpRuleError with everything that is wrong with the rules, if anything is
 */
export function createMemoryServer<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
  options: MemoryServerOptions = {},
): MemoryServer {
  const settings = memorySettings(options);
  return memoryHandle(serviceGateway(service, implementation, settings), settings);
}

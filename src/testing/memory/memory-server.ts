import type { DescService } from "@bufbuild/protobuf";
import { serviceGateway } from "../gateway/service-gateway.ts";
import type { ServiceImplementation } from "../gateway/service-implementation.ts";
import { type MemoryServer, memoryHandle } from "./memory-handle.ts";
import { type MemoryServerOptions, memorySettings } from "./memory-options.ts";

/**
 * Creates the server of {@link startServer} without a socket. A client reaches it with its `dispatcher`. It is ready at
 * once and need not be closed.
 *
 * @throws RangeError that names an invalid option
 * @throws HttpRuleError with all problems of the http rules
 */
export function createMemoryServer<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
  options: MemoryServerOptions = {},
): MemoryServer {
  const settings = memorySettings(options);
  return memoryHandle(serviceGateway(service, implementation, settings), settings);
}

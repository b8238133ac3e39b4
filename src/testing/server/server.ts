import type { DescService } from "@bufbuild/protobuf";
import { serviceGateway } from "../gateway/service-gateway.ts";
import type { ServiceImplementation } from "../gateway/service-implementation.ts";
import { startEmbeddedServer } from "./embedded-server.ts";
import type { ServerHandle } from "./server-handle.ts";
import { type ServerOptions, serverSettings } from "./server-options.ts";

/**
 * Starts a real HTTP server, on loopback, for any service whose methods have `google.api.http` rules. To a
 * client it is what a grpc-gateway in front of that service is, with a binary marshaler registered for
 * `application/x-protobuf`.
 *
 * @throws HttpRuleError with everything that is wrong with the rules, if anything is
 */
export async function startServer<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
  options: ServerOptions = {},
): Promise<ServerHandle> {
  const settings = serverSettings(options);
  return startEmbeddedServer(serviceGateway(service, implementation, settings), settings);
}

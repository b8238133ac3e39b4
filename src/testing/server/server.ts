import type { DescService } from "@bufbuild/protobuf";
import { serviceGateway } from "../gateway/service-gateway.ts";
import type { ServiceImplementation } from "../gateway/service-implementation.ts";
import { startEmbeddedServer } from "./embedded-server.ts";
import type { ServerHandle } from "./server-handle.ts";
import { type ServerOptions, serverSettings } from "./server-options.ts";

/**
 * Starts an HTTP server on loopback for any service whose methods have `google.api.http` rules. It behaves like a
 * grpc-gateway in front of that service, with a binary marshaler registered for `application/x-protobuf`.
 *
 * @throws HttpRuleError with all problems of the http rules
 */
export async function startServer<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
  options: ServerOptions = {},
): Promise<ServerHandle> {
  const settings = serverSettings(options);
  return startEmbeddedServer(serviceGateway(service, implementation, settings), settings);
}

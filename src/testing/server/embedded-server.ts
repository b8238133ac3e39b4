import { RecordedService, type ServedRoutes } from "../gateway/recorded-service.ts";
import { listen } from "./http-listener.ts";
import type { ServerHandle } from "./server-handle.ts";
import type { ServerSettings } from "./server-options.ts";

/** Starts a server that listens on a port. */
export async function startEmbeddedServer(
  routes: ServedRoutes,
  settings: ServerSettings,
): Promise<ServerHandle> {
  const { host, basePath } = settings;
  const service = new RecordedService(routes, settings);
  const listener = await listen(settings, (request) => service.respond(request));
  const hostname = host.includes(":") ? `[${host}]` : host;
  const close = () => listener.close();
  return {
    baseUrl: `http://${hostname}:${listener.port}${basePath}`,
    port: listener.port,
    requests: service.requests,
    get connections() {
      return listener.connections;
    },
    received: (count) => service.received(count),
    fault(fault, scope = {}) {
      rejectNotConnected(fault);
      service.fault(fault, scope);
    },
    clearFaults: () => service.clearFaults(),
    closeIdleConnections: () => listener.closeIdleConnections(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** For callers without TypeScript: the types exclude this fault. */
function rejectNotConnected({ kind }: { readonly kind: string }): void {
  if (kind !== "not-connected") return;
  throw new RangeError('a listening server has no fault "not-connected"; a memory server has');
}

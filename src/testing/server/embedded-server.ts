import { RecordedService, type Served } from "../gateway/recorded-service.ts";
import { listen } from "./http-listener.ts";
import type { ServerHandle } from "./server-handle.ts";
import type { ServerSettings } from "./server-options.ts";

/** Starts a server on a port. */
export async function startEmbeddedServer(served: Served, settings: ServerSettings): Promise<ServerHandle> {
  const { host, basePath } = settings;
  const service = new RecordedService(served, settings);
  const listener = await listen(settings, (request) => service.answer(request));
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
      refuseNotConnected(fault);
      service.fault(fault, scope);
    },
    clearFaults: () => service.clearFaults(),
    closeIdleConnections: () => listener.closeIdleConnections(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Types say it too, to those who have them. */
function refuseNotConnected({ kind }: { readonly kind: string }): void {
  if (kind !== "not-connected") return;
  throw new RangeError('a server that listens cannot play "not-connected"; a memory server can');
}

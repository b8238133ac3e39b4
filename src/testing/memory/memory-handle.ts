import type { Dispatcher } from "undici";
import type { MemoryFault } from "../faults/faults.ts";
import { RecordedService, type ServedRoutes } from "../gateway/recorded-service.ts";
import type { TestServer } from "../server/server-handle.ts";
import { MemoryDispatcher } from "./memory-dispatcher.ts";
import type { MemoryServerSettings } from "./memory-options.ts";

/** A test server without a socket. Clients reach it through its `dispatcher`. */
export interface MemoryServer<SomeFault = MemoryFault, Rpc extends string = string>
  extends TestServer<SomeFault, Rpc> {
  /** For the `dispatcher` option of a client. When the server is closed, requests fail with `ECONNREFUSED`. */
  readonly dispatcher: Dispatcher;
}

/** Creates a server without a socket. */
export function memoryHandle(routes: ServedRoutes, settings: MemoryServerSettings): MemoryServer {
  const { origin, basePath } = settings;
  const service = new RecordedService(routes, settings);
  const dispatcher = new MemoryDispatcher(service, settings);
  const close = () => dispatcher.closeServer();
  return {
    baseUrl: `${origin}${basePath}`,
    dispatcher,
    requests: service.requests,
    received: (count) => service.received(count),
    fault(fault, scope = {}) {
      rejectUnsupported(fault);
      service.fault(fault, scope);
    },
    clearFaults: () => service.clearFaults(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** @throws RangeError for a fault that needs a connection */
function rejectUnsupported(fault: MemoryFault): void {
  if (fault.kind === "reset" || (fault.kind === "stream" && fault.end === "reset")) {
    const { how = "reset" } = fault;
    if (how === "refused" || how === "goaway") {
      throw new RangeError(`a reset with how "${how}" needs HTTP/2; a memory server behaves as HTTP/1.1`);
    }
    if (how !== "reset" && how !== "close") throw new RangeError(`there is no reset with how "${how}"`);
  }
  if ("status" in fault && fault.status !== undefined && !(fault.status >= 200 && fault.status <= 999)) {
    throw new RangeError(`the status of a memory server must be from 200 to 999, not ${fault.status}`);
  }
}

import type { Dispatcher } from "undici";
import type { MemoryFault } from "../faults/faults.ts";
import { RecordedService, type Served } from "../gateway/recorded-service.ts";
import type { TestServer } from "../server/server-handle.ts";
import { MemoryDispatcher } from "./memory-dispatcher.ts";
import type { MemoryServerSettings } from "./memory-options.ts";

/** A server for tests that has no socket. It is there for those who have its dispatcher. */
export interface MemoryServer<SomeFault = MemoryFault, Rpc extends string = string>
  extends TestServer<SomeFault, Rpc> {
  /** For the `dispatcher` option of a client. Once the server is closed, its requests are refused a connection. */
  readonly dispatcher: Dispatcher;
}

/** Serves without a socket. */
export function memoryHandle(served: Served, settings: MemoryServerSettings): MemoryServer {
  const { origin, basePath } = settings;
  const service = new RecordedService(served, settings);
  const dispatcher = new MemoryDispatcher(service, settings);
  const close = () => dispatcher.hangUp();
  return {
    baseUrl: `${origin}${basePath}`,
    dispatcher,
    requests: service.requests,
    received: (count) => service.received(count),
    fault(fault, scope = {}) {
      refuseUnplayable(fault);
      service.fault(fault, scope);
    },
    clearFaults: () => service.clearFaults(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** @throws RangeError for what only a connection can do */
function refuseUnplayable(fault: MemoryFault): void {
  if (fault.kind === "reset") {
    const { how = "reset" } = fault;
    if (how === "refused" || how === "goaway") {
      throw new RangeError(`a reset how "${how}" needs HTTP/2, and a memory server does as HTTP/1.1`);
    }
    if (how !== "reset" && how !== "close") throw new RangeError(`there is no reset how "${how}"`);
  }
  if ("status" in fault && fault.status !== undefined && !(fault.status >= 200 && fault.status <= 999)) {
    throw new RangeError(`a memory server answers with a status from 200 to 999, not ${fault.status}`);
  }
}

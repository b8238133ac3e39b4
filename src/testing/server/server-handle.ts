import type { Fault, FaultScope } from "../faults/faults.ts";
import type { RecordedRequest } from "./request-log.ts";

/** A test server, with a socket or in memory. */
export interface TestServer<SomeFault = Fault, Rpc extends string = string> extends AsyncDisposable {
  /** For instance `"http://127.0.0.1:49152/v1"`: with the base path, without a trailing slash. */
  readonly baseUrl: string;
  /** The requests that the server received, oldest first; see {@link GatewayOptions.recordLimit}. */
  readonly requests: readonly RecordedRequest[];
  /** Resolves when the server has received `count` requests since its start. */
  received(count: number): Promise<void>;
  /**
   * Injects a fault into the next calls. Faults apply in the order in which they were added.
   *
   * @throws RangeError if the fault or the rpc does not exist, or this server does not support the fault
   */
  fault(fault: SomeFault, scope?: FaultScope<Rpc>): void;
  /** Removes the faults that have not been used. */
  clearFaults(): void;
  /** Ends all connections and handlers. Resolves when everything is closed. */
  close(): Promise<void>;
}

/** A running embedded server. */
export interface ServerHandle<SomeFault = Fault, Rpc extends string = string>
  extends TestServer<SomeFault, Rpc> {
  readonly port: number;
  /** How many sockets are open. */
  readonly connections: number;
  /** Closes the connections without a request in flight, as a server does after its keep-alive timeout. */
  closeIdleConnections(): void;
}

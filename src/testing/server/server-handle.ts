import type { Fault, FaultScope } from "../faults/faults.ts";
import type { RecordedRequest } from "./request-log.ts";

/** A server for tests, with a socket or without. */
export interface TestServer<SomeFault = Fault, Rpc extends string = string> extends AsyncDisposable {
  /** For instance `"http://127.0.0.1:49152/v1"`: with the base path, without a slash at its end. */
  readonly baseUrl: string;
  /** What came over the wire, oldest first, as soon as it was read; see {@link GatewayOptions.recordLimit}. */
  readonly requests: readonly RecordedRequest[];
  /** Resolves when so many requests were received, counted from the start. */
  received(count: number): Promise<void>;
  /**
   * Makes the next calls go wrong. Faults asked for first happen first.
   *
   * @throws RangeError if there is no such fault or rpc, or the server cannot make that happen
   */
  fault(fault: SomeFault, scope?: FaultScope<Rpc>): void;
  /** Forgets the faults that have not happened yet. */
  clearFaults(): void;
  /** Ends all connections and handlers, and resolves when everything is closed. */
  close(): Promise<void>;
}

/** An embedded server that runs. */
export interface ServerHandle<SomeFault = Fault, Rpc extends string = string>
  extends TestServer<SomeFault, Rpc> {
  readonly port: number;
  /** How many sockets are open. */
  readonly connections: number;
  /** Closes the connections on which nothing is under way, as servers do that have waited long enough. */
  closeIdleConnections(): void;
}

import { rejectFramingHeaders } from "../server/framing-headers.ts";
import type { Fault, FaultScope, MemoryFault, NotConnectedFault, StreamFault } from "./faults.ts";

const kinds: Readonly<Record<MemoryFault["kind"], true>> = {
  status: true,
  message: true,
  delay: true,
  reset: true,
  hang: true,
  garbage: true,
  "content-type": true,
  "json-only": true,
  truncate: true,
  html: true,
  oversize: true,
  stream: true,
  "not-connected": true,
};

const streamEnds: readonly string[] = ["error", "clean", "cut", "reset", "hang"];

interface QueuedFault {
  readonly fault: MemoryFault;
  readonly rpc: string | undefined;
  left: number;
}

/** Holds faults until the calls that they are for. */
export class FaultQueue {
  #entries: QueuedFault[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** @throws RangeError if the fault does not exist or its options are invalid */
  add(fault: MemoryFault, { times = 1, rpc }: FaultScope): void {
    if (!Object.hasOwn(kinds, fault.kind)) {
      const known = Object.keys(kinds).join(", ");
      throw new RangeError(`there is no fault ${JSON.stringify(fault.kind)}; there are ${known}`);
    }
    if (fault.kind === "status") rejectFramingHeaders(Object.keys(fault.headers ?? {}));
    if (fault.kind === "stream") validateStreamFault(fault);
    if (!(times >= 1)) throw new RangeError(`times must be at least 1, not ${times}`);
    this.#entries.push({ fault, rpc, left: times });
  }

  /**
   * Takes the oldest fault for an rpc, unless it is `not-connected`.
   *
   * @param isStream whether the rpc responds with a stream: otherwise `stream` faults stay in the queue
   */
  take(rpc: string, onlyIfNamed = false, isStream = false): Fault | undefined {
    const entry = this.#next(rpc, onlyIfNamed, isStream);
    if (entry === undefined || entry.fault.kind === "not-connected") return undefined;
    this.#use(entry);
    return entry.fault;
  }

  /** Takes the oldest fault for an rpc, if it is `not-connected`. */
  takeNotConnected(rpc: string, onlyIfNamed = false, isStream = false): NotConnectedFault | undefined {
    const entry = this.#next(rpc, onlyIfNamed, isStream);
    if (entry?.fault.kind !== "not-connected") return undefined;
    this.#use(entry);
    return entry.fault;
  }

  clear(): void {
    this.#entries = [];
  }

  #next(rpc: string, onlyIfNamed: boolean, isStream: boolean): QueuedFault | undefined {
    return this.#entries.find(
      (each) =>
        (each.rpc === rpc || (each.rpc === undefined && !onlyIfNamed)) &&
        (isStream || each.fault.kind !== "stream"),
    );
  }

  #use(entry: QueuedFault): void {
    entry.left--;
    if (entry.left <= 0) this.#entries = this.#entries.filter((each) => each !== entry);
  }
}

/** @throws RangeError that names the option */
function validateStreamFault({ end, after = 1, bytes = 0 }: StreamFault): void {
  if (!streamEnds.includes(end)) {
    throw new RangeError(`end must be one of ${streamEnds.join(", ")}, not ${JSON.stringify(end)}`);
  }
  if (!(after >= 0)) throw new RangeError(`after must be a number that is not negative, not ${after}`);
  if (!(bytes >= 0)) throw new RangeError(`bytes must be a number that is not negative, not ${bytes}`);
}

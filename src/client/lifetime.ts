import type { DescMethod } from "@bufbuild/protobuf";
import { Code } from "../errors/code.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { rpcName } from "../transcoding/rpc-name.ts";

/** Counts the calls in flight. Closing waits for them, and wakes those that wait for a retry, so that they end. */
export class Lifetime {
  readonly #release: () => Promise<void> | undefined;
  readonly #waiting = new Set<() => void>();
  #inFlight = 0;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  /** @param release closes the connections, after the last call has ended */
  constructor(release: () => Promise<void> | undefined) {
    this.#release = release;
  }

  get isClosing(): boolean {
    return this.#closed !== undefined;
  }

  /** @throws RpcError if the transport is closed */
  throwIfClosed(method: DescMethod): void {
    if (!this.isClosing) return;
    const reason = "the transport is closed";
    throw new RpcError({
      code: Code.FailedPrecondition,
      reason,
      outcome: "not_sent",
      method: rpcName(method),
    });
  }

  /** Counts a call that begins. */
  enter(): void {
    this.#inFlight++;
  }

  /** Counts a call that has ended. */
  leave(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  /** Calls `wake` when the transport closes, or at once if it is closed already. Returns a function that cancels this. */
  onClosing(wake: () => void): () => void {
    if (this.isClosing) wake();
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** Waits for the calls in flight, then releases. Repeated calls return the same promise. */
  close(): Promise<void> {
    this.#closed ??= this.#closeOnce();
    return this.#closed;
  }

  async #closeOnce(): Promise<void> {
    for (const wake of this.#waiting) wake();
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#release();
  }
}

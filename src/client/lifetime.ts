import type { DescMethod } from "@bufbuild/protobuf";
import { Code } from "../errors/code.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { rpcName } from "../transcoding/rpc-name.ts";

/** Counts the calls in flight, so that closing can wait for them, and tells those that only wait to end. */
export class Lifetime {
  readonly #release: () => Promise<void> | undefined;
  readonly #waiting = new Set<() => void>();
  #inFlight = 0;
  #closed: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  /** @param release frees what the calls needed, once the last one is over */
  constructor(release: () => Promise<void> | undefined) {
    this.#release = release;
  }

  get isClosing(): boolean {
    return this.#closed !== undefined;
  }

  /** @throws RpcError if everything is closed */
  refuseIfClosed(method: DescMethod): void {
    if (!this.isClosing) return;
    const reason = "the transport is closed";
    throw new RpcError({
      code: Code.FailedPrecondition,
      reason,
      outcome: "not_sent",
      method: rpcName(method),
    });
  }

  /** A call begins. */
  enter(): void {
    this.#inFlight++;
  }

  /** A call that has begun is over. */
  leave(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  /** `wake` is called if everything is closed before the returned function is, or was closed before. */
  whileWaiting(wake: () => void): () => void {
    if (this.isClosing) wake();
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** Waits for the calls in flight, then releases. Every time it is called, it means the same closing. */
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

import type { Dispatcher } from "undici";
import { createPool, type OwnedDispatcher } from "../http/pool.ts";
import type { Dispatch } from "../http/undici-exchange.ts";

/** The dispatchers of a transport: the caller's dispatcher, or one owned pool for each origin. */
export class Connections {
  readonly #dispatcher: Dispatcher | undefined;
  readonly #pools = new Map<string, OwnedDispatcher>();

  constructor({ dispatcher }: { readonly dispatcher: Dispatcher | undefined }) {
    this.#dispatcher = dispatcher;
  }

  to(origin: string): Dispatch {
    if (this.#dispatcher !== undefined) return this.#dispatcher;
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      pool = createPool(origin);
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  /** Closes the owned pools at once. A graceful close of an undici pool would wait for a connect that hangs. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }
}

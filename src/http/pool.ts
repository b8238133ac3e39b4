// The first import, also for bundles without the entry modules: undici fails to load on an old Node.js.
import "../supported-node.ts";
import type { Dispatcher, Pool } from "undici";
import { type Dispatch, UndiciLoadError } from "./undici-exchange.ts";

/**
 * The maximum number of connections of the pool. Without a limit, undici opens one for each call in flight: two thousand
 * concurrent calls opened two thousand sockets. Calls beyond the limit wait for a connection, and the wait counts toward
 * their deadline. Over HTTP/2 one connection carries a hundred calls.
 *
 * With 128 calls in flight and a server that responds at once, a call cost 21.5 µs with 16 connections, 21.7 with 32,
 * 23.6 with 128 and 25.1 without a limit. With 32 calls in flight there was no difference. A lower limit would save a
 * little with a fast server, but with a slow one, such as a server that starts jobs, calls would wait for each other.
 */
const MAX_CONNECTIONS = 128;

/** A dispatcher that a transport owns. */
export interface OwnedDispatcher extends Dispatch {
  /** Ends all connections at once. */
  destroy(): Promise<void>;
}

/**
 * Creates the default dispatcher of a transport: a pool of connections to one origin, with HTTP/2 if the server offers it.
 *
 * The other defaults of undici 8 stay. It closes a connection that was idle for 4 s, or 2 s before the server's own limit
 * (3 s for `Keep-Alive: timeout=5`). Many servers close idle connections after 5 s without announcing it, and a request
 * that arrives during the close is lost. Over HTTP/1.1 undici sends one request at a time on a connection.
 */
export function createPool(origin: string): OwnedDispatcher {
  return new LazyPool(origin);
}

/** A pool that loads undici while the transport is being set up, and not when the package is imported. */
class LazyPool implements OwnedDispatcher {
  readonly #loading: Promise<Pool>;
  #pool: Pool | undefined;

  constructor(origin: string) {
    this.#loading = loadPool().then((Pool) => {
      this.#pool = new Pool(origin, { connections: MAX_CONNECTIONS });
      return this.#pool;
    });
    // A request, or destroy(), reports why undici cannot be loaded.
    this.#loading.catch(() => undefined);
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#pool !== undefined) return this.#pool.dispatch(options, handler);
    this.#loading.then(
      (pool) => pool.dispatch(options, handler),
      (cause) => handler.onResponseError?.(null as never, new UndiciLoadError(cause)),
    );
    return true;
  }

  async destroy(): Promise<void> {
    const pool = await this.#loading.catch(() => undefined);
    await pool?.destroy();
  }
}

/**
 * Loads only undici's pool, which takes a third of the time of all of undici. Bun has a stub for the name `undici`, but not
 * for its files. Should a later undici have moved the file, all of it is loaded.
 */
async function loadPool(): Promise<typeof Pool> {
  try {
    return (await import("undici/lib/dispatcher/pool.js")).default;
  } catch {
    const { Pool } = await import("undici");
    if (typeof Pool.prototype.dispatch === "function") return Pool;
    throw new TypeError('the "undici" of this runtime is a stub, which sends nothing');
  }
}

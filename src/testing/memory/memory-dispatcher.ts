import errors from "undici/lib/core/errors.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import type { RecordedService } from "../gateway/recorded-service.ts";
import { connectionRefused, MemoryExchange, schedule } from "./memory-exchange.ts";
import { type MemoryRequest, memoryRequest } from "./memory-request.ts";
import { type ResponseTimeouts, responseTimeouts } from "./response-timeouts.ts";

/** The options of a {@link MemoryDispatcher}. */
export interface MemoryDispatcherOptions {
  readonly origin: string;
}

/** Dispatches requests to a service in the same process. */
export class MemoryDispatcher extends Dispatcher {
  readonly #service: RecordedService;
  readonly #options: MemoryDispatcherOptions;
  readonly #exchanges = new Set<MemoryExchange>();
  readonly #onIdle: (() => void)[] = [];
  #isListening = true;
  #isDestroyed = false;
  #closing: Promise<void> | undefined;

  constructor(service: RecordedService, options: MemoryDispatcherOptions) {
    super();
    this.#service = service;
    this.#options = options;
  }

  /** Whether `close()` was called, as in undici's dispatchers: new requests fail. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether `destroy()` was called, or `close()` has completed. */
  get destroyed(): boolean {
    return this.#isDestroyed;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (typeof handler?.onResponseError !== "function") {
      throw new errors.InvalidArgumentError("invalid onResponseError method");
    }
    let request: MemoryRequest;
    let timeouts: ResponseTimeouts;
    try {
      if (this.destroyed) throw new errors.ClientDestroyedError();
      if (this.closed) throw new errors.ClientClosedError();
      request = memoryRequest(options, this.#options.origin);
      timeouts = responseTimeouts(options);
    } catch (error) {
      new MemoryExchange(handler).fail(error as Error);
      return false;
    }
    const exchange = new MemoryExchange(handler);
    this.#exchanges.add(exchange);
    schedule(() => {
      if (!this.#isListening) exchange.disconnect();
      this.#run(exchange, request, timeouts);
    });
    return true;
  }

  /** Closes the server's side: ends all exchanges, and refuses new connections. */
  async closeServer(): Promise<void> {
    this.#isListening = false;
    for (const exchange of this.#exchanges) exchange.disconnect();
    await this.#idle();
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    return withCallback(() => this.#close(), callback);
  }

  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    if (typeof error === "function") return this.destroy(null, error);
    return withCallback(() => this.#destroy(error ?? new errors.ClientDestroyedError()), callback);
  }

  async #close(): Promise<void> {
    if (this.#isDestroyed) throw new errors.ClientDestroyedError();
    this.#closing ??= this.#idle().then(() => this.#destroy(new errors.ClientDestroyedError()));
    await this.#closing;
  }

  async #destroy(error: Error): Promise<void> {
    this.#isDestroyed = true;
    for (const exchange of this.#exchanges) exchange.fail(error);
    await this.#idle();
  }

  async #run(exchange: MemoryExchange, request: MemoryRequest, timeouts: ResponseTimeouts): Promise<void> {
    if (!exchange.isOver) {
      const notConnected = this.#service.takeNotConnected(request.verb, request.target);
      if (notConnected !== undefined) exchange.fail(notConnected.error ?? connectionRefused());
      else await exchange.run(request, timeouts, (received) => this.#service.respond(received));
    }
    this.#exchanges.delete(exchange);
    if (this.#exchanges.size > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** Resolves when no exchange is in flight. */
  #idle(): Promise<void> {
    if (this.#exchanges.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }
}

/** The arguments that undici passes to callbacks; its types omit them. */
type Callback = (error: Error | null, data: null) => void;

/** Reports to the callback if there is one, and otherwise returns a promise, as undici does. */
function withCallback(act: () => Promise<void>, callback: (() => void) | undefined): Promise<void> | void {
  if (callback === undefined) return act();
  if (typeof callback !== "function") throw new errors.InvalidArgumentError("invalid callback");
  const notify: Callback = callback;
  act().then(
    () => queueMicrotask(() => notify(null, null)),
    (error) => queueMicrotask(() => notify(error, null)),
  );
}

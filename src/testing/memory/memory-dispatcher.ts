import { Dispatcher, errors } from "undici";
import type { RecordedService } from "../gateway/recorded-service.ts";
import { type ResponseTimeouts, responseTimeouts } from "../server/response-timeouts.ts";
import { connectionRefused, MemoryExchange } from "./memory-exchange.ts";
import { type MemoryRequest, memoryRequest } from "./memory-request.ts";

/**
 * Taken when this is loaded, so that a test's fake timers, which replace it, do not hold up requests that have nothing
 * to do with time. Not a microtask: calls that follow each other would then never let a timer fire.
 */
const later = setImmediate;

/** What a memory server is reached through. */
export interface MemoryDispatcherOptions {
  readonly origin: string;
  /** The longest request body, in bytes. */
  readonly maxRequestBytes: number;
}

/** A dispatcher whose requests go to a service in the same process, over nothing. */
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

  /** Whether it takes no more requests: `close()` was called. As undici's dispatchers have it. */
  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Whether it has ended its requests, or had none when it was closed. */
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
      request = memoryRequest(options, this.#options.origin, this.#options.maxRequestBytes);
      timeouts = responseTimeouts(options);
    } catch (error) {
      new MemoryExchange(handler).fail(error as Error);
      return false;
    }
    const exchange = new MemoryExchange(handler);
    this.#exchanges.add(exchange);
    later(() => {
      if (!this.#isListening) exchange.breakOff();
      this.#carryOut(exchange, request, timeouts);
    });
    return true;
  }

  /** The server's end of it: every connection breaks, and no other one is made. */
  async hangUp(): Promise<void> {
    this.#isListening = false;
    for (const exchange of this.#exchanges) exchange.breakOff();
    await this.#idle();
  }

  override close(): Promise<void>;
  override close(callback: () => void): void;
  override close(callback?: () => void): Promise<void> | void {
    return told(() => this.#close(), callback);
  }

  override destroy(): Promise<void>;
  override destroy(error: Error | null): Promise<void>;
  override destroy(callback: () => void): void;
  override destroy(error: Error | null, callback: () => void): void;
  override destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    if (typeof error === "function") return this.destroy(null, error);
    return told(() => this.#destroy(error ?? new errors.ClientDestroyedError()), callback);
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

  async #carryOut(
    exchange: MemoryExchange,
    request: MemoryRequest,
    timeouts: ResponseTimeouts,
  ): Promise<void> {
    if (!exchange.isOver) {
      const notConnected = this.#service.takeNotConnected(request.verb, request.target);
      if (notConnected !== undefined) exchange.fail(notConnected.error ?? connectionRefused());
      else await exchange.run(request, timeouts, (received) => this.#service.answer(received));
    }
    this.#exchanges.delete(exchange);
    if (this.#exchanges.size > 0) return;
    for (const tell of this.#onIdle.splice(0)) tell();
  }

  /** Resolves when no exchange goes on. */
  #idle(): Promise<void> {
    if (this.#exchanges.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }
}

/** What undici calls back with, whatever its types say. */
type Callback = (error: Error | null, data: null) => void;

/** As undici has it: to a callback where there is one, and as a promise otherwise. */
function told(act: () => Promise<void>, callback: (() => void) | undefined): Promise<void> | void {
  if (callback === undefined) return act();
  if (typeof callback !== "function") throw new errors.InvalidArgumentError("invalid callback");
  const tell: Callback = callback;
  act().then(
    () => queueMicrotask(() => tell(null, null)),
    (error) => queueMicrotask(() => tell(error, null)),
  );
}

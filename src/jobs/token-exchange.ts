import { exchangedWithin } from "../client/attempt.ts";
import type { BaseUrl } from "../client/base-url.ts";
import type { DynamicValue } from "../client/dynamic-values.ts";
import { Code } from "../errors/code.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import type { Dispatch } from "../http/undici-exchange.ts";
import { assessStatus, type RetrySafety } from "../policies/assess-status.ts";
import { backoffMs } from "../policies/backoff.ts";
import { CallScope } from "../policies/call-scope.ts";
import { pushbackMs } from "../policies/pushback.ts";
import type { RetrySettings } from "../policies/retry-policy.ts";
import { readToken, type Token } from "./token-response.ts";

/** The timeout of one request to the token endpoint, in milliseconds. Calls that wait for it have their own deadlines. */
const EXCHANGE_TIMEOUT_MS = 30_000;
/** A response with a token has a few hundred bytes. */
const MAX_RESPONSE_BYTES = 64 * 1024;
/** The pause before the next exchange, after one failed or the server rejected its token, in milliseconds. */
const MIN_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;
/** The longest pause that the endpoint can ask for, in milliseconds: one odd response must not end a service. */
const MAX_PUSHBACK_MS = 5 * 60_000;

/** The settings of a {@link TokenExchange}. */
export interface ExchangeSettings {
  readonly apiKey: string;
  readonly endpoint: BaseUrl;
  readonly dispatcher: Dispatch;
  readonly retry: RetrySettings;
}

/** An exchange that failed. */
interface ExchangeFailure {
  readonly error: RpcError;
  readonly retry: RetrySafety;
  /** How long the endpoint asks the client to wait, in milliseconds, if it does. */
  readonly pushbackMs?: number | undefined;
}

/** A call that waits for a token. */
interface Waiter {
  /** The deadline of the call, on the clock of performance.now(). */
  readonly deadline: number;
  resolve(token: string): void;
  reject(error: RpcError): void;
}

/**
 * Exchanges an API key for access tokens and renews them: `POST tokenUrl` with `{"apiKey": …}` returns
 * `{"token": …, "expiresIn": "<seconds>"}`. It keeps a token until shortly before it expires. Calls that need a token at
 * the same time share one exchange.
 *
 * A second token does no harm, so an exchange is retried as an idempotent call, by the client's `retry` option, while a
 * call waits for it. After that it pauses: calls fail at once until the pause is over.
 */
export class TokenExchange {
  readonly #settings: ExchangeSettings;
  readonly #stop = new AbortController();
  readonly #stopRetries = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #isExchanging = false;
  #token: Token | undefined;
  #lastError: RpcError | undefined;
  #failures = 0;
  #pauseUntil = 0;
  /** How many tokens in a row the server rejected. */
  #rejections = 0;
  /** Until then a rejected token is kept, so that a server that rejects every token does not cause endless exchanges. */
  #keepUntil = 0;

  constructor(settings: ExchangeSettings) {
    this.#settings = settings;
  }

  /** The Authorization header with the current token. */
  get header(): DynamicValue {
    return {
      place: "header",
      name: "authorization",
      option: "apiKey",
      failureCode: Code.Unauthenticated,
      getValue: (remainingMs) => this.#currentToken(remainingMs),
      onRejected: (value) => this.#discard(value),
      secrets: [this.#settings.apiKey],
    };
  }

  /** Ends the wait for the next exchange, with the error of the last one. */
  stopRetries(): void {
    this.#stopRetries.abort();
  }

  /** Aborts the exchange that is in progress. */
  stop(): void {
    this.stopRetries();
    this.#stop.abort();
  }

  #currentToken(remainingMs: number): string | Promise<string> {
    const now = performance.now();
    if (this.#token !== undefined && now < Math.max(this.#token.renewAt, this.#keepUntil))
      return this.#token.value;
    const deadline = now + remainingMs;
    if (this.#lastError !== undefined && now < this.#pauseUntil) {
      const isRetriedInTime = this.#isExchanging && this.#pauseUntil < deadline;
      if (!isRetriedInTime) return this.#unexpiredToken(this.#lastError);
    }
    return new Promise((resolve, reject) => {
      this.#waiters.add({ deadline, resolve, reject });
      if (!this.#isExchanging) void this.#exchangeForWaiters();
    });
  }

  /** Returns the token that could not be renewed, while it has not expired. */
  #unexpiredToken(error: RpcError): string {
    if (this.#token !== undefined && performance.now() < this.#token.expiresAt) return this.#token.value;
    throw error;
  }

  /** Discards a token that the server rejected, with a pause between one rejection and the next. */
  #discard(value: string): void {
    const now = performance.now();
    if (this.#token?.value !== value || now < this.#keepUntil) return;
    this.#token = undefined;
    if (now > this.#keepUntil + MAX_PAUSE_MS) this.#rejections = 0;
    this.#keepUntil = now + pauseMs(this.#rejections);
    this.#rejections++;
  }

  /** Gets a token for the calls that wait. It never rejects. */
  async #exchangeForWaiters(): Promise<void> {
    this.#isExchanging = true;
    for (let retries = 0; this.#waiters.size > 0; retries++) {
      const result = await this.#exchangeOnce();
      if ("value" in result) this.#onToken(result);
      else await this.#onFailure(result, retries);
    }
    this.#isExchanging = false;
  }

  #onToken(token: Token): void {
    this.#token = token;
    this.#lastError = undefined;
    this.#failures = 0;
    for (const waiter of this.#waiters) waiter.resolve(token.value);
    this.#waiters.clear();
  }

  /** Waits until the next exchange, or ends the wait of every call. */
  async #onFailure(failure: ExchangeFailure, retries: number): Promise<void> {
    const now = performance.now();
    this.#lastError = failure.error;
    const waitMs = this.#retryDelayMs(failure, retries);
    if (waitMs !== undefined) {
      this.#pauseUntil = now + waitMs;
      // A call whose deadline is before the next exchange fails now, with the reason.
      this.#endWaits(({ deadline }) => deadline <= this.#pauseUntil);
      if (this.#waiters.size > 0 && (await this.#pause(waitMs))) return;
    }
    this.#pauseUntil = now + Math.max(pauseMs(this.#failures), failure.pushbackMs ?? 0);
    this.#failures++;
    this.#endWaits(() => true);
  }

  #retryDelayMs({ retry, pushbackMs }: ExchangeFailure, retries: number): number | undefined {
    const policy = this.#settings.retry;
    const isLast = retries + 1 >= policy.maxAttempts || this.#stopRetries.signal.aborted;
    if (retry === "never" || isLast) return undefined;
    // Calls do not wait for a new token while the old one has not expired.
    if (this.#token !== undefined && performance.now() < this.#token.expiresAt) return undefined;
    return pushbackMs ?? backoffMs(policy, retries, Math.random());
  }

  /** @returns false if `stopRetries` ended the pause */
  async #pause(ms: number): Promise<boolean> {
    const scope = new CallScope(0, this.#stopRetries.signal);
    try {
      return (await scope.pause(ms, () => () => undefined)) === undefined;
    } finally {
      scope.close();
    }
  }

  /** Gives calls the old token, or the error if it has expired. */
  #endWaits(isOver: (waiter: Waiter) => boolean): void {
    for (const waiter of this.#waiters) {
      if (!isOver(waiter)) continue;
      this.#waiters.delete(waiter);
      try {
        waiter.resolve(this.#unexpiredToken(this.#lastError as RpcError));
      } catch (error) {
        waiter.reject(error as RpcError);
      }
    }
  }

  async #exchangeOnce(): Promise<Token | ExchangeFailure> {
    const { apiKey, endpoint, dispatcher } = this.#settings;
    const scope = new CallScope(EXCHANGE_TIMEOUT_MS, this.#stop.signal);
    try {
      const result = await exchangedWithin(scope, dispatcher, {
        origin: endpoint.origin,
        verb: "POST",
        target: endpoint.path,
        headers: ["accept", "application/json", "content-type", "application/json"],
        body: Buffer.from(JSON.stringify({ apiKey })),
        idempotent: true,
        maxResponseBytes: MAX_RESPONSE_BYTES,
      });
      if (!("init" in result)) return readExchange(result);
      const { init, retry, pushbackMs } = result;
      return { error: exchangeError(init.code, init.reason), retry, pushbackMs };
    } finally {
      scope.close();
    }
  }
}

function readExchange({ status, headers, body }: HttpResponse): Token | ExchangeFailure {
  if (status >= 200 && status < 300) {
    const token = readToken(body, performance.now());
    return typeof token === "string" ? { error: exchangeError(Code.DataLoss, token), retry: "never" } : token;
  }
  const fromServer = pushbackMs(headers, [], Date.now());
  const pushback = fromServer === undefined ? undefined : Math.min(fromServer, MAX_PUSHBACK_MS);
  const error = exchangeError(codeOfExchange(status), `the token endpoint responded with HTTP ${status}`);
  return { error, retry: assessStatus(status, pushback !== undefined).retry, pushbackMs: pushback };
}

/** The error holds neither request nor response, because both hold secrets. */
function exchangeError(code: Code, reason: string): RpcError {
  return new RpcError({ code, reason: `no access token for the API key: ${reason}`, outcome: "not_sent" });
}

/** The default of `tokenUrl`: `../auth/access_token`, relative to the base URL. */
export function defaultTokenUrl({ origin, pathPrefix }: BaseUrl): string {
  return new URL("../auth/access_token", `${origin}${pathPrefix}/`).href;
}

/** Checks an `apiKey` option. */
export function checkedApiKey(apiKey: string): string {
  if (typeof apiKey === "string" && apiKey.trim() !== "") return apiKey;
  throw invalidArgument("apiKey must be a non-empty string");
}

/** Endpoints reject an invalid key with 400, 401, 403 or 404. */
function codeOfExchange(status: number): Code {
  return status === 400 || status === 404 ? Code.Unauthenticated : codeFromHttpStatus(status);
}

/** 250 ms, doubled each time, up to 10 s. */
function pauseMs(previous: number): number {
  return Math.min(MIN_PAUSE_MS * 2 ** previous, MAX_PAUSE_MS);
}

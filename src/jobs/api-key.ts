import type { Dispatcher } from "undici";
import { exchangedWithin } from "../client/attempt.ts";
import type { BaseUrl } from "../client/base-url.ts";
import type { DynamicHeader } from "../client/dynamic-headers.ts";
import { Code } from "../errors/code.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { assessStatus, type RetrySafety } from "../policies/assess-status.ts";
import { backoffMs } from "../policies/backoff.ts";
import { CallScope } from "../policies/call-scope.ts";
import { pushbackMs } from "../policies/pushback.ts";
import type { RetrySettings } from "../policies/retry-policy.ts";
import { readToken, type Token } from "./token-response.ts";

/** How long one request to the endpoint may take, in milliseconds. Calls that wait for it have deadlines of their own. */
const EXCHANGE_TIMEOUT_MS = 30_000;
/** The response with a token is a few hundred bytes. */
const MAX_RESPONSE_BYTES = 64 * 1024;
/** How long the endpoint is left alone after it failed or its tokens were refused, in milliseconds. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** What an exchange works with. */
export interface ExchangeSettings {
  readonly apiKey: string;
  readonly endpoint: BaseUrl;
  readonly dispatcher: Dispatcher;
  readonly retry: RetrySettings;
}

/** An exchange that gave no token. */
interface Failure {
  readonly error: RpcError;
  readonly retry: RetrySafety;
  /** How long the endpoint asks to wait, in milliseconds, if it does. */
  readonly pushbackMs?: number | undefined;
}

/** A call that waits for a token. */
interface Waiter {
  /** Its deadline, on the clock of performance.now(). */
  readonly until: number;
  resolve(token: string): void;
  reject(error: RpcError): void;
}

/**
 * Access tokens that are got for an API key: `POST tokenUrl` with `{"apiKey": …}` gives
 * `{"token": …, "expiresIn": "<seconds>"}`. A token is kept until shortly before its end, and fetched once
 * however many calls wait for it.
 *
 * A second token does no harm, so an exchange is retried as an idempotent call is, by the client's `retry`, as long as
 * there is a call that can wait for it. Then the endpoint is left alone for a while, and calls fail at once.
 */
export class ApiKeyTokens {
  readonly #settings: ExchangeSettings;
  readonly #stop = new AbortController();
  readonly #stopRetries = new AbortController();
  readonly #waiters = new Set<Waiter>();
  #isExchanging = false;
  #token: Token | undefined;
  #failure: RpcError | undefined;
  #failures = 0;
  #pauseUntil = 0;
  #refusals = 0;
  #believeUntil = 0;

  constructor(settings: ExchangeSettings) {
    this.#settings = settings;
  }

  /** The header that carries the token. */
  get header(): DynamicHeader {
    return {
      name: "authorization",
      option: "apiKey",
      failureCode: Code.Unauthenticated,
      ask: (remainingMs) => this.#ask(remainingMs),
      refused: (value) => this.#refuse(value),
      secrets: [this.#settings.apiKey],
    };
  }

  /** Ends the wait for another exchange, with the error of the last one. */
  stopRetries(): void {
    this.#stopRetries.abort();
  }

  /** Ends an exchange that is under way. */
  stop(): void {
    this.stopRetries();
    this.#stop.abort();
  }

  #ask(remainingMs: number): string | Promise<string> {
    const now = performance.now();
    if (this.#token !== undefined && now < this.#token.renewAt) return this.#token.value;
    const until = now + remainingMs;
    if (this.#failure !== undefined && now < this.#pauseUntil) {
      const isRetried = this.#isExchanging && this.#pauseUntil < until;
      if (!isRetried) return this.#stillGood(this.#failure);
    }
    return new Promise((resolve, reject) => {
      this.#waiters.add({ until, resolve, reject });
      if (!this.#isExchanging) void this.#exchange();
    });
  }

  /** A token that could not be replaced in time is used to its end. */
  #stillGood(error: RpcError): string {
    if (this.#token !== undefined && performance.now() < this.#token.expiresAt) return this.#token.value;
    throw error;
  }

  /** Forgets a token that the server refused; but not one after the other, while that does not help. */
  #refuse(value: string): void {
    const now = performance.now();
    if (this.#token?.value !== value || now < this.#believeUntil) return;
    this.#token = undefined;
    if (now > this.#believeUntil + LONGEST_PAUSE_MS) this.#refusals = 0;
    this.#believeUntil = now + pauseMs(this.#refusals);
    this.#refusals++;
  }

  /** Gets a token for those who wait. It never rejects. */
  async #exchange(): Promise<void> {
    this.#isExchanging = true;
    for (let retries = 0; this.#waiters.size > 0; retries++) {
      const result = await this.#fetch();
      if ("value" in result) this.#succeeded(result);
      else await this.#failed(result, retries);
    }
    this.#isExchanging = false;
  }

  #succeeded(token: Token): void {
    this.#token = token;
    this.#failure = undefined;
    this.#failures = 0;
    for (const waiter of this.#waiters) waiter.resolve(token.value);
    this.#waiters.clear();
  }

  /** Waits until the next request, or lets go all who wait for one. */
  async #failed(failure: Failure, retries: number): Promise<void> {
    const now = performance.now();
    this.#failure = failure.error;
    const waitMs = this.#retryAfterMs(failure, retries);
    if (waitMs !== undefined) {
      this.#pauseUntil = now + waitMs;
      // A wait that cannot be finished is not begun: the caller learns now what went wrong.
      this.#letGo(({ until }) => until <= this.#pauseUntil);
      if (this.#waiters.size > 0 && (await this.#waited(waitMs))) return;
    }
    this.#pauseUntil = now + Math.max(pauseMs(this.#failures), failure.pushbackMs ?? 0);
    this.#failures++;
    this.#letGo(() => true);
  }

  #retryAfterMs({ retry, pushbackMs }: Failure, retries: number): number | undefined {
    const policy = this.#settings.retry;
    const isOver = retries + 1 >= policy.maxAttempts || this.#stopRetries.signal.aborted;
    if (retry === "never" || isOver) return undefined;
    // Nobody has to wait for a new token while the old one is good.
    if (this.#token !== undefined && performance.now() < this.#token.expiresAt) return undefined;
    return pushbackMs ?? backoffMs(policy, retries, Math.random());
  }

  /** @returns whether it was to the end */
  async #waited(ms: number): Promise<boolean> {
    const scope = new CallScope(0, this.#stopRetries.signal);
    try {
      return (await scope.pause(ms, () => () => undefined)) === undefined;
    } finally {
      scope.close();
    }
  }

  #letGo(which: (waiter: Waiter) => boolean): void {
    for (const waiter of this.#waiters) {
      if (!which(waiter)) continue;
      this.#waiters.delete(waiter);
      try {
        waiter.resolve(this.#stillGood(this.#failure as RpcError));
      } catch (error) {
        waiter.reject(error as RpcError);
      }
    }
  }

  async #fetch(): Promise<Token | Failure> {
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
      if (!("init" in result)) return read(result);
      const { init, retry, pushbackMs } = result;
      return { error: noToken(init.code, init.reason), retry, pushbackMs };
    } finally {
      scope.close();
    }
  }
}

function read({ status, headers, body }: HttpResponse): Token | Failure {
  if (status >= 200 && status < 300) {
    const token = readToken(body, performance.now());
    return typeof token === "string" ? { error: noToken(Code.DataLoss, token), retry: "never" } : token;
  }
  const pushback = pushbackMs(headers, [], Date.now());
  const error = noToken(codeOfRefusal(status), `the token endpoint answered with HTTP ${status}`);
  return { error, retry: assessStatus(status, pushback !== undefined).retry, pushbackMs: pushback };
}

/** Neither the response nor what was sent may be in the error: both hold secrets. */
function noToken(code: Code, what: string): RpcError {
  return new RpcError({ code, reason: `no access token for the API key: ${what}`, outcome: "not_sent" });
}

/** Where an API key is exchanged, unless the caller knows better: `../auth/access_token` seen from the base URL. */
export function defaultTokenUrl({ origin, pathPrefix }: BaseUrl): string {
  return new URL("../auth/access_token", `${origin}${pathPrefix}/`).href;
}

/** Checks an `apiKey` option. */
export function checkedApiKey(apiKey: string): string {
  if (typeof apiKey === "string" && apiKey.trim() !== "") return apiKey;
  throw invalidArgument("apiKey must be a string that is not empty");
}

/** A key that is refused is the caller's fault, however the endpoint puts it. */
function codeOfRefusal(status: number): Code {
  return status === 400 || status === 404 ? Code.Unauthenticated : codeFromHttpStatus(status);
}

/** 250 ms, doubled each time, up to 10 s. */
function pauseMs(times: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** times, LONGEST_PAUSE_MS);
}

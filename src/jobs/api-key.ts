import type { Dispatcher } from "undici";
import type { AskedHeader } from "../client/asked-headers.ts";
import { exchangedWithin } from "../client/attempt.ts";
import type { BaseUrl } from "../client/base-url.ts";
import { Code } from "../errors/code.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { CallScope } from "../policies/call-scope.ts";
import { pushbackMs } from "../policies/pushback.ts";
import type { WireResponse } from "../wire/wire.ts";

/** How long one exchange may take, in milliseconds. Calls that wait for it have deadlines of their own. */
const EXCHANGE_TIMEOUT_MS = 30_000;
/** A token's answer is a few hundred bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** How long before its end a token is replaced: a tenth of its life, at most this, in milliseconds. */
const LONGEST_MARGIN_MS = 60_000;
/** How long the endpoint is left alone after it failed or its tokens were refused, in milliseconds. */
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

interface Token {
  readonly value: string;
  // Both in milliseconds on the clock of performance.now().
  readonly renewAt: number;
  readonly expiresAt: number;
}

/**
 * Access tokens that are got for an API key: `POST tokenUrl` with `{"apiKey": …}` gives
 * `{"token": …, "expiresIn": "<seconds>"}`. A token is kept until shortly before its end, and fetched once
 * however many calls wait for it.
 */
export class ApiKeyTokens {
  readonly #apiKey: string;
  readonly #endpoint: BaseUrl;
  readonly #dispatcher: Dispatcher;
  readonly #stop = new AbortController();
  #token: Token | undefined;
  #fetching: Promise<string> | undefined;
  #failure: RpcError | undefined;
  #failures = 0;
  #pauseUntil = 0;
  #refusals = 0;
  #believeUntil = 0;

  constructor(apiKey: string, endpoint: BaseUrl, dispatcher: Dispatcher) {
    this.#apiKey = apiKey;
    this.#endpoint = endpoint;
    this.#dispatcher = dispatcher;
  }

  /** The header that carries the token. */
  get header(): AskedHeader {
    return {
      name: "authorization",
      option: "apiKey",
      failureCode: Code.Unauthenticated,
      ask: () => this.#ask(),
      refused: (value) => this.#refuse(value),
    };
  }

  /** Ends an exchange that is under way. */
  stop(): void {
    this.#stop.abort();
  }

  #ask(): string | Promise<string> {
    const now = performance.now();
    if (this.#token !== undefined && now < this.#token.renewAt) return this.#token.value;
    if (this.#fetching !== undefined) return this.#fetching;
    if (this.#failure !== undefined && now < this.#pauseUntil) return this.#stillGood(this.#failure);
    this.#fetching = this.#fetch()
      .catch((failure: RpcError) => this.#stillGood(failure))
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }

  /** A token that could not be replaced in time is used to its end. */
  #stillGood(failure: RpcError): string {
    if (this.#token !== undefined && performance.now() < this.#token.expiresAt) return this.#token.value;
    throw failure;
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

  async #fetch(): Promise<string> {
    const scope = new CallScope(EXCHANGE_TIMEOUT_MS, this.#stop.signal);
    const body = Buffer.from(JSON.stringify({ apiKey: this.#apiKey }));
    try {
      const response = await exchangedWithin(scope, this.#dispatcher, {
        origin: this.#endpoint.origin,
        verb: "POST",
        target: this.#endpoint.path,
        headers: ["accept", "application/json", "content-type", "application/json"],
        body,
        mayBeReplayed: true,
        maxResponseBytes: MAX_ANSWER_BYTES,
      });
      if ("init" in response) throw this.#failed(response.init.code, response.init.reason, undefined);
      this.#token = this.#read(response);
      this.#failure = undefined;
      this.#failures = 0;
      return this.#token.value;
    } finally {
      scope.close();
    }
  }

  #read({ status, headers, body }: WireResponse): Token {
    if (status < 200 || status >= 300) {
      const wait = pushbackMs(headers, [], Date.now());
      throw this.#failed(codeOfRefusal(status), `the token endpoint answered with HTTP ${status}`, wait);
    }
    const token = tokenFrom(body);
    if (token === undefined)
      throw this.#failed(Code.DataLoss, "the token endpoint's answer holds no token", undefined);
    return token;
  }

  /** Neither the answer nor what was sent may be in the error: both hold secrets. */
  #failed(code: Code, what: string, pushback: number | undefined): RpcError {
    const reason = `no access token for the API key: ${what}`;
    this.#failure = new RpcError({ code, reason, outcome: "not_sent" });
    this.#pauseUntil = performance.now() + Math.max(pauseMs(this.#failures), pushback ?? 0);
    this.#failures++;
    return this.#failure;
  }
}

/** Where an API key is exchanged, unless the caller knows better: `../auth/access_token` seen from the base URL. */
export function defaultTokenUrl({ origin, pathPrefix }: BaseUrl): string {
  return new URL("../auth/access_token", `${origin}${pathPrefix}/`).href;
}

/** Checks an `apiKey` option. */
export function checkedApiKey(apiKey: string): string {
  if (typeof apiKey === "string" && apiKey !== "") return apiKey;
  throw invalidArgument("apiKey must be a string that is not empty");
}

/** A key that is refused is the caller's fault, however the endpoint puts it. */
function codeOfRefusal(status: number): Code {
  return status === 400 || status === 404 ? Code.Unauthenticated : codeFromHttpStatus(status);
}

function tokenFrom(body: Uint8Array): Token | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { token, expiresIn } = json as Record<string, unknown>;
  if (typeof token !== "string" || token === "") return undefined;
  const lifeMs = lifeMsOf(Number(expiresIn));
  const expiresAt = performance.now() + lifeMs;
  return { value: token, renewAt: expiresAt - Math.min(lifeMs / 10, LONGEST_MARGIN_MS), expiresAt };
}

/** A token that does not say how long it lives is used until the server refuses it. */
function lifeMsOf(expiresInSeconds: number): number {
  return expiresInSeconds > 0 ? expiresInSeconds * 1_000 : Number.POSITIVE_INFINITY;
}

/** 250 ms, doubled each time, up to 10 s. */
function pauseMs(times: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** times, LONGEST_PAUSE_MS);
}

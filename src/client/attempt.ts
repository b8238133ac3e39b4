import type { Dispatcher } from "undici";
import { RpcError } from "../errors/rpc-error.ts";
import { decompress, isCompressed } from "../http/content-encoding.ts";
import type { ExchangeListener, HttpFailure, HttpRequest, HttpResponse } from "../http/http-exchange.ts";
import { UndiciExchange } from "../http/undici-exchange.ts";
import type { CallEnd, CallScope, EndListener } from "../policies/call-scope.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";
import { readHttpFailure } from "../responses/read-http-failure.ts";
import { type DynamicHeader, type HeaderValues, resolveHeaders } from "./dynamic-headers.ts";

/** The values of the headers that are asked for on every attempt, within the time that the call has. */
export async function resolveHeadersWithin(
  scope: CallScope,
  headers: readonly DynamicHeader[],
  except: ReadonlySet<string>,
): Promise<HeaderValues | AttemptFailure> {
  if (scope.end !== undefined) return notSent(scope.end);
  try {
    const values = resolveHeaders(headers, except, scope.remainingMs());
    if (!(values instanceof Promise)) return values;
    const waited = await scope.race(values);
    return "end" in waited ? notSent(waited.end) : waited.value;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { code, reason, status, headers: answered, body, cause } = error;
    return {
      init: { code, reason, status, headers: answered, body, cause, outcome: "not_sent" },
      retry: "never",
    };
  }
}

/** Is told how an attempt ends, by one of the two, once. */
export interface AttemptListener {
  onResponse(response: HttpResponse): void;
  onFailedAttempt(failure: AttemptFailure): void;
}

/** One request and its answer, within the time that the call has. */
export function exchangeWithin(
  scope: CallScope,
  dispatcher: Dispatcher,
  request: HttpRequest,
  listener: AttemptListener,
): void {
  new Attempt(scope, request, listener).begin(dispatcher);
}

/** {@link exchangeWithin} as a promise. */
export function exchangedWithin(
  scope: CallScope,
  dispatcher: Dispatcher,
  request: HttpRequest,
): Promise<HttpResponse | AttemptFailure> {
  return new Promise((resolve) => {
    exchangeWithin(scope, dispatcher, request, { onResponse: resolve, onFailedAttempt: resolve });
  });
}

/** One object that listens to both ends of an attempt: closures for them would be made anew for every call. */
class Attempt implements ExchangeListener, EndListener {
  readonly #scope: CallScope;
  readonly #maxResponseBytes: number;
  readonly #listener: AttemptListener;
  readonly #exchange: UndiciExchange;

  constructor(scope: CallScope, request: HttpRequest, listener: AttemptListener) {
    this.#scope = scope;
    this.#maxResponseBytes = request.maxResponseBytes;
    this.#listener = listener;
    this.#exchange = new UndiciExchange(request, this);
  }

  begin(dispatcher: Dispatcher): void {
    // First, because an attempt that fails at once may be followed by a wait, which wants to be told instead.
    this.#scope.tell(this);
    this.#exchange.begin(dispatcher);
  }

  onEnd({ reason }: CallEnd): void {
    this.#exchange.cancel(new Error(reason));
  }

  onResponse(response: HttpResponse): void {
    if (isCompressed(response)) void this.#decompress(response);
    else this.#listener.onResponse(response);
  }

  onFailure(failure: HttpFailure): void {
    this.#listener.onFailedAttempt(readHttpFailure(failure, this.#scope.end));
  }

  async #decompress(response: HttpResponse): Promise<void> {
    const waited = await this.#scope.race(decompress(response, this.#maxResponseBytes));
    if ("end" in waited) {
      const { status, headers } = response;
      const init = { ...waited.end, outcome: "unknown", status, headers } as const;
      this.#listener.onFailedAttempt({ init, retry: "never" });
    } else if ("response" in waited.value) {
      this.#listener.onResponse(waited.value.response);
    } else {
      this.onFailure(waited.value.failure);
    }
  }
}

/** What is left of a call that was ended before this attempt began. */
export function notSent(end: CallEnd): AttemptFailure {
  return { init: { ...end, outcome: "not_sent" }, retry: "never" };
}

import { RpcError } from "../errors/rpc-error.ts";
import { decompress, isCompressed } from "../http/content-encoding.ts";
import type {
  BodySink,
  ExchangeListener,
  FlowControl,
  HttpFailure,
  HttpRequest,
  HttpResponse,
  ResponseHead,
} from "../http/http-exchange.ts";
import { type Dispatch, UndiciExchange } from "../http/undici-exchange.ts";
import type { CallEnd, CallScope, EndListener } from "../policies/call-scope.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";
import { readHttpFailure } from "../responses/read-http-failure.ts";
import { type DynamicValue, type ResolvedValues, resolveValues } from "./dynamic-values.ts";

/** Resolves dynamic values, within the time that the call has. */
export async function resolveValuesWithin(
  scope: CallScope,
  dynamic: readonly DynamicValue[],
): Promise<ResolvedValues | AttemptFailure> {
  if (scope.end !== undefined) return notSent(scope.end);
  try {
    const values = resolveValues(dynamic, scope.remainingMs());
    if (!(values instanceof Promise)) return values;
    const waited = await scope.race(values);
    return "end" in waited ? notSent(waited.end) : waited.value;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { code, reason, status, headers: received, body, cause } = error;
    return {
      init: { code, reason, status, headers: received, body, cause, outcome: "not_sent" },
      retry: "never",
    };
  }
}

/** Is notified how an attempt ends, by one of the last two methods or by its {@link BodySink}, once. */
export interface AttemptListener {
  /** May return what takes the body. Without it, the body is collected. */
  onHead?(head: ResponseHead, flow: FlowControl): BodySink | undefined;
  onResponse(response: HttpResponse): void;
  onFailedAttempt(failure: AttemptFailure): void;
}

/** Sends one request and gives its response, within the time that the call has. */
export function exchangedWithin(
  scope: CallScope,
  dispatcher: Dispatch,
  request: HttpRequest,
): Promise<HttpResponse | AttemptFailure> {
  return new Promise((resolve) => {
    new Attempt(scope, request, { onResponse: resolve, onFailedAttempt: resolve }).begin(dispatcher);
  });
}

/**
 * Sends one request and reports how that ends, within the time that the call has. It is one object that listens to the
 * call and to the exchange: closures would be made anew for every call.
 */
export class Attempt implements ExchangeListener, EndListener {
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

  /** Whether the response has come to its end. */
  get isComplete(): boolean {
    return this.#exchange.isComplete;
  }

  begin(dispatcher: Dispatch): void {
    // First, because an attempt that fails at once may be followed by a wait, which has to be notified instead.
    this.#scope.setListener(this);
    this.#exchange.begin(dispatcher);
  }

  /** Frees the connection. The listener is notified of a failure, unless the attempt has ended. */
  cancel(reason: string): void {
    this.#exchange.cancel(new Error(reason));
  }

  onEnd({ reason }: CallEnd): void {
    this.cancel(reason);
  }

  onHead(head: ResponseHead, flow: FlowControl): BodySink | undefined {
    return this.#listener.onHead?.(head, flow);
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

/** The failure of an attempt that was not begun, because the call had ended. */
export function notSent(end: CallEnd): AttemptFailure {
  return { init: { ...end, outcome: "not_sent" }, retry: "never" };
}

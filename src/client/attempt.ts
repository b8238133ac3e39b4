import type { Dispatcher } from "undici";
import type { AttemptFailure } from "../answers/attempt-failure.ts";
import { readWireFailure } from "../answers/read-wire-failure.ts";
import { RpcError } from "../errors/rpc-error.ts";
import type { CallEnd, CallScope } from "../policies/call-scope.ts";
import { decompress, isCompressed } from "../wire/content-encoding.ts";
import { startExchange } from "../wire/undici-exchange.ts";
import type { WireRequest, WireResponse } from "../wire/wire.ts";
import { type AskedHeader, type AskedValues, askFor } from "./asked-headers.ts";

/** The values of the headers that are asked for on every attempt, within the time that the call has. */
export async function askWithin(
  scope: CallScope,
  headers: readonly AskedHeader[],
  except: ReadonlySet<string>,
): Promise<AskedValues | AttemptFailure> {
  if (scope.end !== undefined) return notSent(scope.end);
  try {
    const values = askFor(headers, except);
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

/** One request and its answer, within the time that the call has; `onResult` is called once. */
export function exchangeWithin(
  scope: CallScope,
  dispatcher: Dispatcher,
  request: WireRequest,
  onResult: (result: WireResponse | AttemptFailure) => void,
): void {
  const exchange = startExchange(dispatcher, request, (result) => {
    if ("failure" in result) onResult(readWireFailure(result.failure, scope.end));
    else if (!isCompressed(result.response)) onResult(result.response);
    else void decompressWithin(scope, result.response, request.maxResponseBytes).then(onResult);
  });
  scope.tell(({ reason }) => exchange.cancel(new Error(reason)));
}

/** {@link exchangeWithin} as a promise. */
export function exchangedWithin(
  scope: CallScope,
  dispatcher: Dispatcher,
  request: WireRequest,
): Promise<WireResponse | AttemptFailure> {
  return new Promise((resolve) => exchangeWithin(scope, dispatcher, request, resolve));
}

async function decompressWithin(
  scope: CallScope,
  response: WireResponse,
  maxResponseBytes: number,
): Promise<WireResponse | AttemptFailure> {
  const waited = await scope.race(decompress(response, maxResponseBytes));
  if ("end" in waited) {
    const { status, headers } = response;
    return { init: { ...waited.end, outcome: "unknown", status, headers }, retry: "never" };
  }
  const result = waited.value;
  return "response" in result ? result.response : readWireFailure(result.failure, scope.end);
}

/** What is left of a call that was ended before this attempt began. */
export function notSent(end: CallEnd): AttemptFailure {
  return { init: { ...end, outcome: "not_sent" }, retry: "never" };
}

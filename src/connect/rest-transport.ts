import type { Interceptor, Transport } from "@connectrpc/connect";
import { Connections } from "../client/connections.ts";
import { createTransport } from "../client/rest-transport.ts";
import {
  checkedInterceptors,
  type RestTransportOptions,
  transportSettings,
} from "../client/rest-transport-options.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { connectErrorFrom, rpcErrorOf } from "./connect-error.ts";
import { connectStreamingCall } from "./streaming-call.ts";
import { connectUnaryCall } from "./unary-call.ts";

/** The options of a Connect transport over REST: those of a transport, with Connect's interceptors. */
export interface ConnectTransportOptions extends Omit<RestTransportOptions, "interceptors"> {
  /** Connect's interceptors, the first one outermost. The timeout includes them. */
  readonly interceptors?: Interceptor[] | undefined;
}

/** A Connect transport that owns connections: close it after the last call. */
export interface RestConnectTransport extends Transport {
  /** Waits for the calls in flight, then closes the connections. Later calls fail. */
  close(): Promise<void>;
  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a transport for clients of `@connectrpc/connect` over REST. It calls any method with a `google.api.http` rule, in
 * binary if the rule allows it and in JSON otherwise. Every failure of a call or of its stream is a `ConnectError`;
 * {@link rpcErrorOf} returns its outcome. A streaming method whose rule cannot carry it rejects with `Code.Unimplemented`.
 *
 * A call's `timeoutMs` includes interceptors and retries, in milliseconds; 0 or less is no timeout. Default: the
 * transport's, and none for a stream. `headers` are sent as HTTP headers.
 *
 * @throws RpcError `InvalidArgument` that names the option, if one is invalid
 */
export function createRestTransport(options: ConnectTransportOptions): RestConnectTransport {
  const { interceptors: given, ...rest } = options;
  const settings = transportSettings(rest);
  const interceptors = checkedInterceptors(given ?? []).map(validated);
  const engine = createTransport(settings, new Connections(settings), undefined);
  const context = { engine, settings, interceptors };
  const converted = (error: unknown) => {
    throw connectErrorFrom(error, settings.registry);
  };
  return {
    unary: (method, signal, timeoutMs = settings.timeoutMs, header, input, contextValues) => {
      const args = { method, signal, timeoutMs, header, contextValues };
      return engine
        .asOneCall(method, (innerCall) => connectUnaryCall(context, args, input, innerCall), rpcErrorOf)
        .catch(converted);
    },
    // A stream may have no end, so only its own call gives it a deadline.
    stream: (method, signal, timeoutMs = 0, header, input, contextValues) => {
      const args = { method, signal, timeoutMs, header, contextValues };
      return engine
        .asOneStream(
          method,
          (innerStream) => connectStreamingCall(context, args, input, innerStream),
          rpcErrorOf,
        )
        .catch(converted);
    },
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  };
}

/** Validates what an interceptor returns. Connect applies interceptors anew for each call. */
function validated(interceptor: Interceptor): Interceptor {
  return (next) => {
    const intercepted = interceptor(next);
    if (typeof intercepted === "function") return intercepted;
    throw invalidArgument("interceptors: an interceptor must return a function of the request");
  };
}

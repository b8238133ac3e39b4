import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { Connections } from "../client/connections.ts";
import { createTransport } from "../client/rest-transport.ts";
import {
  checkedInterceptors,
  type RestTransportOptions,
  transportSettings,
} from "../client/rest-transport-options.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { connectErrorFrom, rpcErrorOf } from "./connect-error.ts";
import { connectCall } from "./unary-call.ts";

/** What a Connect transport over REST is made from: a transport's options, with Connect's interceptors. */
export interface ConnectTransportOptions extends Omit<RestTransportOptions, "interceptors"> {
  /** Connect's interceptors, the first one outermost, as the deadline is around them all. */
  readonly interceptors?: Interceptor[] | undefined;
}

/** A Connect transport that owns connections: close it when no more calls are to come. */
export interface RestConnectTransport extends Transport {
  /** Lets the calls in flight finish, then closes the connections. Calls made after it fail. */
  close(): Promise<void>;
  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A transport for clients of `@connectrpc/connect`, over REST: it calls any unary method with a `google.api.http` rule,
 * in binary where the rule allows it and in JSON otherwise. Everything that goes wrong with a call rejects with a
 * `ConnectError`; {@link rpcErrorOf} says whether it happened. Streaming methods reject with `Code.Unimplemented`.
 *
 * A call's `timeoutMs` is its whole deadline, over interceptors and attempts, in milliseconds; without one the
 * transport's holds, and 0 or less is none. `headers` are sent as HTTP headers.
 *
 * @throws RpcError `InvalidArgument` that names the option, if one cannot be used
 */
export function createRestTransport(options: ConnectTransportOptions): RestConnectTransport {
  const { interceptors: given, ...rest } = options;
  const settings = transportSettings(rest);
  const interceptors = checkedInterceptors(given ?? []).map(checkedWhenApplied);
  const engine = createTransport(settings, new Connections(settings), undefined);
  return {
    async unary(method, signal, timeoutMs = settings.timeoutMs, header, input, contextValues) {
      const call = { method, signal, timeoutMs, header, input, contextValues };
      try {
        return await engine.surrounded(
          method,
          (callPart) => connectCall(engine, settings, interceptors, call, callPart),
          rpcErrorOf,
        );
      } catch (error) {
        throw connectErrorFrom(error, settings.registry);
      }
    },
    stream: (method) => {
      const reason = `${rpcName(method)} is a streaming method, and HTTP requests with one answer cannot carry it`;
      return Promise.reject(new ConnectError(reason, Code.Unimplemented));
    },
    close: () => engine.close(),
    [Symbol.asyncDispose]: () => engine.close(),
  };
}

/** What an interceptor gives back is known when a call begins: Connect makes their chain anew for each. */
function checkedWhenApplied(interceptor: Interceptor): Interceptor {
  return (next) => {
    const intercepted = interceptor(next);
    if (typeof intercepted === "function") return intercepted;
    throw invalidArgument("interceptors: an interceptor must give back a function of the request");
  };
}

import type { DescMessage, DescMethodUnary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextValues,
  type Interceptor,
  type Transport,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runUnaryCall } from "@connectrpc/connect/protocol";
import { Connections } from "../client/connections.ts";
import { createTransport, type Engine } from "../client/rest-transport.ts";
import { type RestTransportOptions, transportSettings } from "../client/rest-transport-options.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { restCallOptions } from "./call-options.ts";
import { connectErrorFrom } from "./connect-error.ts";
import { CallDeadline } from "./deadline.ts";
import { receivedHeaders, receivedTrailers, sentHeaders } from "./headers.ts";
import { httpRequest } from "./http-request.ts";

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
  const { interceptors, ...rest } = options;
  const settings = transportSettings(rest);
  const engine = createTransport(settings, new Connections(settings), undefined);
  const connectError = (error: unknown) => connectErrorFrom(error, settings.registry);
  return {
    async unary(method, signal, timeoutMs, header, input, contextValues) {
      const deadline = new CallDeadline(timeoutMs ?? settings.timeoutMs);
      let ended: ConnectError | undefined;
      const next = async <I extends DescMessage, O extends DescMessage>(request: UnaryRequest<I, O>) => {
        try {
          return await callOnce(engine, request, deadline);
        } catch (error) {
          ended = connectError(error);
          throw ended;
        }
      };
      try {
        return await runUnaryCall({
          interceptors: interceptors ?? [],
          ...(signal && { signal }),
          ...(deadline.timeoutMs !== undefined && { timeoutMs: deadline.timeoutMs }),
          req: {
            stream: false,
            service: method.parent,
            method,
            ...httpRequest(engine.planOf(method).route, settings.baseUrl, input),
            header: new Headers(header),
            contextValues: contextValues ?? createContextValues(),
            message: input,
          },
          next,
        });
      } catch (error) {
        // Connect makes a new error of an aborted signal's reason, which does not know whether the call happened.
        const code = ended?.code;
        throw code === Code.Canceled || code === Code.DeadlineExceeded ? ended : connectError(error);
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

async function callOnce<I extends DescMessage, O extends DescMessage>(
  engine: Engine,
  { method, message, header, signal, contextValues }: UnaryRequest<I, O>,
  deadline: CallDeadline,
): Promise<UnaryResponse<I, O>> {
  const { signal: ownSignal, release } = deadline.without(signal);
  try {
    const response = await engine.unary(method as DescMethodUnary<I, O>, message as never, {
      ...contextValues.get(restCallOptions),
      signal: ownSignal,
      timeoutMs: deadline.remainingMs(),
      headers: sentHeaders(header),
    });
    return {
      stream: false,
      service: method.parent,
      method,
      header: receivedHeaders(response.headers),
      trailer: receivedTrailers(response.headers, response.metadata),
      message: response.message,
    };
  } finally {
    release();
  }
}

import type { DescMessage, DescMethodUnary, Message, MessageInitShape, Registry } from "@bufbuild/protobuf";
import {
  Code,
  type ConnectError,
  type ContextValues,
  createContextValues,
  type Interceptor,
  type UnaryRequest,
  type UnaryResponse,
} from "@connectrpc/connect";
import { runUnaryCall } from "@connectrpc/connect/protocol";
import type { BaseUrl } from "../client/base-url.ts";
import { invalidCall } from "../client/invalid-call.ts";
import type { Engine, InnerCall } from "../client/rest-transport.ts";
import type { TransportSettings } from "../client/rest-transport-options.ts";
import { messageFromInit } from "../codecs/message-from-init.ts";
import type { Route } from "../transcoding/binding.ts";
import { requestTarget } from "../transcoding/request-target.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { TranscodingError } from "../transcoding/transcoding-error.ts";
import { restCallOptions } from "./call-options.ts";
import { connectErrorFrom } from "./connect-error.ts";
import { CallDeadline } from "./deadline.ts";
import { receivedHeaders, receivedTrailers, sentHeaders } from "./headers.ts";

/** A call of Connect's client. */
export interface ConnectCall<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  readonly input: MessageInitShape<I>;
  readonly signal: AbortSignal | undefined;
  /** In milliseconds; 0 or less is no timeout. */
  readonly timeoutMs: number;
  readonly header: HeadersInit | undefined;
  readonly contextValues: ContextValues | undefined;
}

/** Makes a call through Connect's interceptors. Every failure is a ConnectError. */
export async function connectCall<I extends DescMessage, O extends DescMessage>(
  engine: Engine,
  settings: TransportSettings,
  interceptors: readonly Interceptor[],
  call: ConnectCall<I, O>,
  innerCall: InnerCall,
): Promise<UnaryResponse<I, O>> {
  const { signal, contextValues = createContextValues() } = call;
  const deadline = new CallDeadline(call.timeoutMs);
  const errors = new CallErrors(settings.registry);
  try {
    return await runUnaryCall<I, O>({
      interceptors: [errors.interceptor, ...interceptors],
      ...(signal && { signal }),
      ...(deadline.timerMs !== undefined && { timeoutMs: deadline.timerMs }),
      req: { ...requestOf(engine, settings, call), contextValues },
      next: async (request) => {
        try {
          return await callOnce(innerCall, request, deadline);
        } catch (error) {
          throw errors.convert(error, request.signal);
        }
      },
    });
  } catch (error) {
    throw errors.final ?? connectErrorFrom(error, settings.registry);
  }
}

function requestOf<I extends DescMessage, O extends DescMessage>(
  engine: Engine,
  { baseUrl }: TransportSettings,
  { method, input, header }: ConnectCall<I, O>,
) {
  const { route } = engine.planOf(method);
  try {
    const message = messageFromInit(method.input, input);
    const http = httpRequest(route, baseUrl, message);
    return {
      stream: false,
      service: method.parent,
      method,
      ...http,
      header: new Headers(header),
      message,
    } as const;
  } catch (error) {
    throw invalidCall(error, rpcName(method));
  }
}

/**
 * The HTTP method and URL that Connect's interceptors see. If the message does not fit the route, the URL is the route's
 * template, because an interceptor may still complete the message.
 */
function httpRequest(
  route: Route,
  { origin, pathPrefix }: BaseUrl,
  message: Message,
): { readonly requestMethod: string; readonly url: string } {
  try {
    const { binding, target } = requestTarget(route, message);
    return { requestMethod: binding.verb, url: `${origin}${pathPrefix}${target}` };
  } catch (error) {
    if (!(error instanceof TranscodingError)) throw error;
    const [{ verb, template }] = route.bindings;
    return { requestMethod: verb, url: `${origin}${pathPrefix}${template.text}` };
  }
}

/**
 * Finds the error to reject a call with. If a signal aborts, Connect creates a new error from its reason; the error of
 * this library also has the outcome.
 */
class CallErrors {
  readonly #registry: Registry;
  #last: ConnectError | undefined;
  #thrown: unknown;
  #wasAborted = false;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The outermost interceptor. It sees the errors that other interceptors throw instead. */
  readonly interceptor: Interceptor = (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      this.#thrown = error;
      this.#wasAborted = request.signal.aborted;
      throw error;
    }
  };

  /** Converts the error of a request, and remembers it. */
  convert(error: unknown, signal: AbortSignal): ConnectError {
    this.#last = connectErrorFrom(error, this.#registry, signal);
    return this.#last;
  }

  /** The error of the last request, unless an interceptor replaced it. */
  get final(): ConnectError | undefined {
    const code = this.#last?.code;
    const isAborted = this.#wasAborted && (code === Code.Canceled || code === Code.DeadlineExceeded);
    return isAborted || this.#thrown === this.#last ? this.#last : undefined;
  }
}

/** Makes one request of a call: interceptors may call `next` more than once. */
async function callOnce<I extends DescMessage, O extends DescMessage>(
  innerCall: InnerCall,
  { method, message, header, signal, contextValues }: UnaryRequest<I, O>,
  deadline: CallDeadline,
): Promise<UnaryResponse<I, O>> {
  const { signal: ownSignal, release } = deadline.without(signal);
  try {
    const response = await innerCall(method as DescMethodUnary<I, O>, message as never, {
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

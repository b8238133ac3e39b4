import type { DescMethod, Message } from "@bufbuild/protobuf";
import {
  type ContextValues,
  createContextValues,
  type Interceptor,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";
import type { BaseUrl } from "../client/base-url.ts";
import type { CallOptions } from "../client/call-options.ts";
import { invalidCall } from "../client/invalid-call.ts";
import type { Engine } from "../client/rest-transport.ts";
import type { TransportSettings } from "../client/rest-transport-options.ts";
import type { Route } from "../transcoding/binding.ts";
import { requestTarget } from "../transcoding/request-target.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { TranscodingError } from "../transcoding/transcoding-error.ts";
import { CallErrors } from "./call-errors.ts";
import { restCallOptions } from "./call-options.ts";
import { CallDeadline } from "./deadline.ts";
import { sentHeaders } from "./headers.ts";

/** What a call needs from its transport. */
export interface ConnectContext {
  readonly engine: Engine;
  readonly settings: TransportSettings;
  readonly interceptors: readonly Interceptor[];
}

/** A call as Connect's client gives it to a transport, without its messages. */
export interface CallArguments<Method extends DescMethod> {
  readonly method: Method;
  readonly signal: AbortSignal | undefined;
  /** In milliseconds; 0 or less is no timeout. */
  readonly timeoutMs: number;
  readonly header: HeadersInit | undefined;
  readonly contextValues: ContextValues | undefined;
}

/** What unary and streaming calls of Connect's client share. */
export class ConnectCall<Method extends DescMethod> {
  readonly errors: CallErrors;
  readonly #context: ConnectContext;
  readonly #arguments: CallArguments<Method>;
  readonly #deadline: CallDeadline;

  constructor(context: ConnectContext, args: CallArguments<Method>) {
    this.errors = new CallErrors(context.settings.registry);
    this.#context = context;
    this.#arguments = args;
    this.#deadline = new CallDeadline(args.timeoutMs);
  }

  /** The remaining time of the call, in milliseconds; 0 is no timeout. */
  get remainingMs(): number {
    return this.#deadline.remainingMs();
  }

  /** The options of Connect's `runUnaryCall` and `runStreamingCall`. */
  get runOptions() {
    const { signal } = this.#arguments;
    const { timerMs } = this.#deadline;
    return {
      interceptors: [this.errors.interceptor, ...this.#context.interceptors],
      ...(signal && { signal }),
      ...(timerMs !== undefined && { timeoutMs: timerMs }),
    };
  }

  /**
   * The request that Connect's interceptors see.
   *
   * @param message the message that fills the route; of a stream of requests, an empty one
   * @throws RpcError `Unimplemented`, if the method has no usable http rule
   */
  requestWith(message: Message) {
    const { engine, settings } = this.#context;
    const { method, header, contextValues = createContextValues() } = this.#arguments;
    const { route } = engine.planOf(method);
    try {
      const http = httpRequest(route, settings.baseUrl, message);
      return { service: method.parent, method, ...http, header: new Headers(header), contextValues };
    } catch (error) {
      throw invalidCall(error, rpcName(method));
    }
  }

  /**
   * The options of one request: interceptors may call `next` more than once.
   *
   * @returns also a function to call when the request is over
   */
  optionsOf({ signal, header, contextValues }: UnaryRequest | StreamRequest): {
    readonly options: CallOptions;
    readonly release: () => void;
  } {
    const timeoutMs = this.#deadline.remainingMs();
    const headers = sentHeaders(header);
    const { signal: ownSignal, release } = this.#deadline.without(signal);
    return {
      options: { ...contextValues.get(restCallOptions), signal: ownSignal, timeoutMs, headers },
      release,
    };
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

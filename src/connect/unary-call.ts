import type { DescMessage, DescMethodUnary, MessageInitShape, Registry } from "@bufbuild/protobuf";
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
import { refusal } from "../client/invalid-call.ts";
import type { CallPart, Engine } from "../client/rest-transport.ts";
import type { TransportSettings } from "../client/rest-transport-options.ts";
import { messageFromInit } from "../codecs/message-from-init.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { restCallOptions } from "./call-options.ts";
import { connectErrorFrom } from "./connect-error.ts";
import { CallDeadline } from "./deadline.ts";
import { receivedHeaders, receivedTrailers, sentHeaders } from "./headers.ts";
import { httpRequest } from "./http-request.ts";

/** A call, as Connect's clients ask for it. */
export interface ConnectCall<I extends DescMessage, O extends DescMessage> {
  readonly method: DescMethodUnary<I, O>;
  readonly input: MessageInitShape<I>;
  readonly signal: AbortSignal | undefined;
  /** 0 and less is none. */
  readonly timeoutMs: number;
  readonly header: HeadersInit | undefined;
  readonly contextValues: ContextValues | undefined;
}

/** Makes a call with all that Connect's interceptors do around it. Whatever goes wrong is a ConnectError. */
export async function connectCall<I extends DescMessage, O extends DescMessage>(
  engine: Engine,
  settings: TransportSettings,
  interceptors: readonly Interceptor[],
  call: ConnectCall<I, O>,
  callPart: CallPart,
): Promise<UnaryResponse<I, O>> {
  const { signal, contextValues = createContextValues() } = call;
  const deadline = new CallDeadline(call.timeoutMs);
  const end = new End(settings.registry);
  try {
    return await runUnaryCall<I, O>({
      interceptors: [end.watched, ...interceptors],
      ...(signal && { signal }),
      ...(deadline.timerMs !== undefined && { timeoutMs: deadline.timerMs }),
      req: { ...requestOf(engine, settings, call), contextValues },
      next: async (request) => {
        try {
          return await callOnce(callPart, request, deadline);
        } catch (error) {
          throw end.of(error, request.signal);
        }
      },
    });
  } catch (error) {
    throw end.known ?? connectErrorFrom(error, settings.registry);
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
    throw refusal(error, rpcName(method));
  }
}

/**
 * How a call ended, as far as this library knows. Connect makes a new error of an aborted signal's reason, which does
 * not know whether the call happened.
 */
class End {
  readonly #registry: Registry;
  #last: ConnectError | undefined;
  #thrown: unknown;
  #wasCut = false;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The outermost interceptor: it sees what the others make of an error. */
  readonly watched: Interceptor = (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      this.#thrown = error;
      this.#wasCut = request.signal.aborted;
      throw error;
    }
  };

  of(error: unknown, signal: AbortSignal): ConnectError {
    this.#last = connectErrorFrom(error, this.#registry, signal);
    return this.#last;
  }

  /** The error of the last request, where it is what the call ended with: unless an interceptor has put another one. */
  get known(): ConnectError | undefined {
    const code = this.#last?.code;
    const isCut = this.#wasCut && (code === Code.Canceled || code === Code.DeadlineExceeded);
    return isCut || this.#thrown === this.#last ? this.#last : undefined;
  }
}

async function callOnce<I extends DescMessage, O extends DescMessage>(
  callPart: CallPart,
  { method, message, header, signal, contextValues }: UnaryRequest<I, O>,
  deadline: CallDeadline,
): Promise<UnaryResponse<I, O>> {
  const { signal: ownSignal, release } = deadline.without(signal);
  try {
    const response = await callPart(method as DescMethodUnary<I, O>, message as never, {
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

import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodStreaming,
  DescMethodUnary,
  DescService,
  Message,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { withCallerStack } from "../errors/caller-stack.ts";
import { validateService } from "../transcoding/compile-route.ts";
import { isUnary, streamsRequests, streamsResponses } from "../transcoding/method-kind.ts";
import { methodKey } from "../transcoding/rpc-name.ts";
import type { CallOptions } from "./call-options.ts";
import type { StreamResponse } from "./interceptor.ts";
import { eitherSignal } from "./read-by-caller.ts";
import type { RequestIterable } from "./request-messages.ts";
import type { Transport } from "./transport.ts";
import { httpRulesOf } from "./transport-rules.ts";

/**
 * A client with one method for each rpc of a service, typed by the generated descriptor. An rpc `Then` becomes `then$`, so
 * that a client is not mistaken for a promise.
 *
 * A stream of responses is an async iterable that can be iterated once. The call begins at once. It stays open if the caller
 * does not iterate.
 */
export type Client<Service extends DescService> = {
  readonly [Name in keyof Service["method"] as Name extends "then"
    ? "then$"
    : Name]: Service["method"][Name] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : Service["method"][Name] extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : Service["method"][Name] extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: RequestIterable<I>, options?: CallOptions) => Promise<MessageShape<O>>
        : Service["method"][Name] extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: RequestIterable<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
          : never;
};

/**
 * Creates a client for a service whose methods have `google.api.http` rules, or rules in the transport's `httpRules`. It validates the rules now, and compiles a
 * method on its first call. A method without a rule, or with one that cannot carry its stream of requests, fails with
 * `Unimplemented`, outcome `"not_sent"`, when it is called.
 *
 * @throws HttpRuleError with all problems of the rules, if there are any
 */
export function createClient<Service extends DescService>(
  service: Service,
  transport: Transport,
): Client<Service> {
  validateService(service, httpRulesOf(transport));
  const methods = service.methods.map((method) => {
    const call = clientMethod(method, transport);
    // Not enumerable, so that a client that is printed does not show its descriptors.
    return [methodKey(method), Object.defineProperty(call, calledMethod, { value: method })];
  });
  return Object.fromEntries(methods) as Client<Service>;
}

/** The property of a client's function that holds the method it calls; also those of a second copy of this package. */
const calledMethod = Symbol.for("bytenite-jobs/method");

/** The method that a function of a client calls; undefined for other functions. */
export function methodOf(call: object): DescMethod | undefined {
  return (call as { readonly [calledMethod]?: DescMethod })[calledMethod];
}

function clientMethod(method: DescMethod, transport: Transport) {
  type Init = MessageInitShape<DescMessage>;
  type Inits = RequestIterable<DescMessage>;
  if (isUnary(method)) {
    return async (request: Init, options?: CallOptions) => {
      const { message } = await transport.unary(method, request, options);
      return message;
    };
  }
  const open: OpenStream = (requests, options) =>
    transport.stream(method as DescMethodStreaming, requests, options);
  if (!streamsResponses(method)) {
    return async (requests: Inits, options?: CallOptions) => onlyResponseOf(await open(requests, options));
  }
  return streamsRequests(method)
    ? (requests: Inits, options?: CallOptions) => responsesOf(open, requests, options)
    : (request: Init, options?: CallOptions) => responsesOf(open, [request], options);
}

type OpenStream = (requests: RequestIterable<DescMessage>, options?: CallOptions) => Promise<StreamResponse>;

async function onlyResponseOf({ message }: StreamResponse): Promise<Message | undefined> {
  for await (const each of message) return each;
  return undefined;
}

/** The messages of a response that is still to come. */
function responsesOf(
  open: OpenStream,
  requests: RequestIterable<DescMessage>,
  options: CallOptions | undefined,
): AsyncIterable<Message> {
  const leaving = new AbortController();
  let isOver = false;
  let opened: AsyncIterator<Message> | undefined;
  const opening = open(requests, { ...options, signal: eitherSignal(options?.signal, leaving.signal) }).then(
    async ({ message }) => {
      opened = message[Symbol.asyncIterator]();
      // An interceptor may have ignored the signal.
      if (isOver) await opened.return?.();
    },
  );
  // An error comes with the first message; nobody may ever ask for it.
  opening.catch(() => undefined);
  const first = async function first() {
    try {
      await opening;
      if (opened !== undefined) return await opened.next();
    } catch (error) {
      // As of a generator, the error comes once, and none after return().
      if (!isOver) {
        isOver = opened === undefined;
        throw withCallerStack(error, first);
      }
    }
    return done;
  };
  const responses: AsyncIterableIterator<Message> = {
    [Symbol.asyncIterator]: () => responses,
    next: () => opened?.next() ?? first(),
    return: async () => {
      isOver = true;
      if (opened === undefined) leaving.abort();
      else await opened.return?.();
      return done;
    },
  };
  return responses;
}

const done = { done: true, value: undefined } as const;

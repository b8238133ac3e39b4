// Compares, for each binding of each method, the client's request with that of google-gax, and the client's message with
// the one that our own server receives.
import { isDeepStrictEqual } from "node:util";
import {
  create,
  type DescMethod,
  type DescMethodUnary,
  type DescService,
  getOption,
  hasOption,
  type Message,
  type MessageShape,
  type Registry,
  setExtension,
  toJson,
} from "@bufbuild/protobuf";
import { MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { Dispatcher } from "undici";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { createMemoryServer } from "../../src/testing/index.ts";
import { compileRoute } from "../../src/transcoding/compile-route.ts";
import { isUnary, streamsRequests } from "../../src/transcoding/method-kind.ts";
import { Code, createClient, createRestTransport, RpcError, type Transport } from "../../src/transport.ts";
import { Random } from "../fuzz/random.ts";
import { MessageMaker } from "./any-message.ts";
import { gaxFaults } from "./gax-faults.ts";
import { gaxRequest } from "./gax-request.ts";
import { type HttpRequest, type NormalizedRequest, normalized } from "./http-request.ts";
import { bodyOf, isRaw, validMessage, variablesOf } from "./rule-messages.ts";

export interface BindingCounts {
  services: number;
  methods: number;
  /** Streaming methods, which fail with Unimplemented. */
  streaming: number;
  withoutRule: number;
  bindings: number;
  messages: number;
  /** Messages of which both clients make the same request. */
  same: number;
  /** Messages of which neither client makes a request, because a variable is not set. */
  invalidForBoth: number;
  /** Round trips through our own server that kept the message, in JSON and in binary. */
  roundTrips: number;
  /** Round trips that needed a server with only that method, because the path matches another method, too. */
  ambiguousPaths: number;
  /** How often google-gax made another request, by reason. */
  readonly explained: Map<string, number>;
  readonly unexplained: string[];
}

/** @param seed the seed of the random values in the messages */
export async function compareBindings(
  services: readonly DescService[],
  registry: Registry,
  seed: number,
): Promise<BindingCounts> {
  const comparison = new Comparison(registry, seed);
  for (const service of services) await comparison.service(service);
  return comparison.counts;
}

class Comparison {
  readonly counts: BindingCounts = {
    services: 0,
    methods: 0,
    streaming: 0,
    withoutRule: 0,
    bindings: 0,
    messages: 0,
    same: 0,
    invalidForBoth: 0,
    roundTrips: 0,
    ambiguousPaths: 0,
    explained: new Map(),
    unexplained: [],
  };
  readonly #maker: MessageMaker;

  constructor(registry: Registry, seed: number) {
    this.#maker = new MessageMaker(new Random(seed), registry);
  }

  async service(service: DescService): Promise<void> {
    this.counts.services++;
    const peer = new Peer(service, this.#maker);
    // createClient validates the rules of the service.
    const client = createClient(service, peer.json) as Record<string, (request: object) => unknown>;
    for (const method of service.methods) {
      this.counts.methods++;
      if (isUnary(method) && hasOption(method, http)) {
        await this.#method(method, peer);
        continue;
      }
      this.counts[isUnary(method) ? "withoutRule" : "streaming"]++;
      if (hasOption(method, http)) {
        // Not compared: google-gax makes the request of a stream elsewhere.
        if (!streamsRequests(method)) compileRoute(method);
        continue;
      }
      const error = await failureOf(client[method.localName]?.(streamsRequests(method) ? [] : {}));
      const isUnimplemented =
        error instanceof RpcError && error.code === Code.Unimplemented && error.outcome === "not_sent";
      if (!isUnimplemented) this.#unexplained(method, `did not fail with Unimplemented: ${error}`);
    }
  }

  async #method(method: DescMethodUnary, peer: Peer): Promise<void> {
    const rule = getOption(method, http);
    for (const one of [rule, ...rule.additionalBindings]) {
      this.counts.bindings++;
      const only = withRule(method, one);
      for (const set of [0, 1, 0.4]) {
        await this.#compareMessage(only, one, validMessage(this.#maker, method.input, one, set), peer);
      }
      if (variablesOf(one).length > 0) await this.#unset(only, one, peer);
    }
  }

  async #compareMessage(
    method: DescMethodUnary,
    rule: HttpRule,
    message: Message,
    peer: Peer,
  ): Promise<void> {
    this.counts.messages++;
    const exchange = await peer.call(method, message, "json");
    if (exchange.request === undefined) {
      this.#unexplained(method, `nothing was sent: ${exchange.error}`);
      return;
    }
    this.#compare(method, rule, message, exchange.request);
    for (const encoding of ["json", "binary"] as const) {
      const { received } = encoding === "json" ? exchange : await peer.call(method, message, encoding);
      if (received?.method === method.name) {
        this.#compareRoundTrip(method, message, received.message);
      } else {
        // The path matches several methods. The router has to match this one if it is the only one.
        const alone = await peer.alone(method).call(method, message, encoding);
        this.counts.ambiguousPaths++;
        this.#compareRoundTrip(method, message, alone.received?.message);
      }
    }
  }

  #compare(method: DescMethodUnary, rule: HttpRule, message: Message, request: HttpRequest): void {
    if (isRaw(bodyOf(method.input, rule))) {
      this.#explained("a google.api.HttpBody as the body: it sends JSON, we send the data as it is");
      return;
    }
    const ours = normalized(request);
    const json = toJson(method.input, message as MessageShape<typeof method.input>, {
      registry: this.#maker.registry,
    });
    const made = gaxRequest(rule, json);
    const theirs = made && normalized(made);
    if (isDeepStrictEqual(ours, theirs)) {
      this.counts.same++;
      return;
    }
    let imitated: NormalizedRequest | undefined = ours;
    const reasons: string[] = [];
    for (const { reason, imitate } of gaxFaults) {
      if (imitated === undefined) break;
      const next = imitate(imitated, method, rule);
      if (next !== imitated) reasons.push(reason);
      imitated = next;
    }
    if (!isDeepStrictEqual(imitated, theirs)) {
      this.#unexplained(method, `${inspected(ours)}\n  google-gax: ${inspected(theirs)}`);
      return;
    }
    for (const reason of reasons) this.#explained(reason);
  }

  #compareRoundTrip(method: DescMethodUnary, sent: Message, received: Message | undefined): void {
    if (isDeepStrictEqual(received, sent)) this.counts.roundTrips++;
    else this.#unexplained(method, `${inspected(sent)}\n  received: ${inspected(received)}`);
  }

  /** Compares the requests for an empty message, in which no variable is set. */
  async #unset(method: DescMethodUnary, rule: HttpRule, peer: Peer): Promise<void> {
    this.counts.messages++;
    const message = create(method.input);
    const { request, error } = await peer.call(method, message, "json");
    if (request !== undefined) {
      this.#compare(method, rule, message, request);
    } else if (gaxRequest(rule, {}) === undefined && isInvalidArgument(error)) {
      this.counts.invalidForBoth++;
    } else {
      this.#unexplained(method, `only one client rejected an empty message: ${error}`);
    }
  }

  #explained(reason: string): void {
    this.counts.explained.set(reason, (this.counts.explained.get(reason) ?? 0) + 1);
  }

  #unexplained(method: DescMethod, what: string): void {
    this.counts.unexplained.push(`${method.parent.typeName}/${method.name}: ${what}`);
  }
}

interface Exchange {
  /** Undefined if nothing was sent. */
  readonly request: HttpRequest | undefined;
  /** Undefined if the server received nothing. */
  readonly received: { readonly method: string; readonly message: Message } | undefined;
  readonly error: unknown;
}

/** A client and an in-memory server of one service. */
class Peer {
  readonly json: Transport;
  readonly #binary: Transport;
  readonly #service: DescService;
  readonly #maker: MessageMaker;
  #request: HttpRequest | undefined;
  #received: Exchange["received"];

  constructor(service: DescService, maker: MessageMaker) {
    this.#service = service;
    this.#maker = maker;
    const { registry } = maker;
    const handlers = service.methods.filter(isUnary).map((method) => [
      method.localName,
      (message: Message) => {
        this.#received = { method: method.name, message };
        return maker.message(method.output, { set: 0, depth: 1 });
      },
    ]);
    const server = createMemoryServer(service, Object.fromEntries(handlers), { registry });
    const dispatcher = new Tap(server.dispatcher, (request) => {
      this.#request = request;
    });
    const common = {
      baseUrl: server.baseUrl,
      dispatcher,
      registry,
      retry: false,
      jsonFallback: false,
      timeoutMs: 0,
      // google-gax takes messages in the JSON format.
      queryFieldMask: "camelCase",
    } as const;
    this.json = createRestTransport({ ...common, encoding: "json" });
    this.#binary = createRestTransport(common);
  }

  async call(method: DescMethodUnary, message: Message, encoding: "json" | "binary"): Promise<Exchange> {
    this.#request = undefined;
    this.#received = undefined;
    const transport = encoding === "json" ? this.json : this.#binary;
    const error = await transport.unary(method, message).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return { request: this.#request, received: this.#received, error };
  }

  /** A client and a server with only one method of the service. */
  alone({ name }: DescMethod): Peer {
    const methods = this.#service.methods.filter((method) => method.name === name);
    return new Peer({ ...this.#service, methods }, this.#maker);
  }
}

/** A dispatcher that records requests. */
class Tap extends Dispatcher {
  readonly #to: Dispatcher;
  readonly #onRequest: (request: HttpRequest) => void;

  constructor(to: Dispatcher, onRequest: (request: HttpRequest) => void) {
    super();
    this.#to = to;
    this.#onRequest = onRequest;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { method, path: target, body } = options;
    const [path = "", query = ""] = target.split("?");
    this.#onRequest({
      verb: method,
      path,
      query,
      body: body === null || body === undefined ? undefined : Buffer.from(body as Uint8Array).toString(),
    });
    return this.#to.dispatch(options, handler);
  }
}

/** The method with only this rule. */
function withRule(method: DescMethodUnary, rule: HttpRule): DescMethodUnary {
  const options = create(MethodOptionsSchema);
  setExtension(options, http, create(HttpRuleSchema, { ...rule, additionalBindings: [] }));
  return { ...method, proto: { ...method.proto, options } };
}

function isInvalidArgument(error: unknown): boolean {
  return error instanceof RpcError && error.code === Code.InvalidArgument && error.outcome === "not_sent";
}

function inspected(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? `${part}n` : part));
  return (text ?? "none").slice(0, 1_000);
}

/** What a call of any kind fails with. */
async function failureOf(call: unknown): Promise<unknown> {
  try {
    if (call instanceof Promise) await call;
    else for await (const _message of call as AsyncIterable<Message>);
    return undefined;
  } catch (error) {
    return error;
  }
}

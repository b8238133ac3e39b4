import type { Encoding } from "../../codecs/media-type.ts";
import { Code } from "../../errors/code.ts";
import { applyFault } from "../faults/apply-fault.ts";
import { FaultQueue } from "../faults/fault-queue.ts";
import type { FaultScope, MemoryFault, NotConnectedFault } from "../faults/faults.ts";
import { headersByName } from "../server/raw-headers.ts";
import {
  type IncomingRequest,
  type ReceivedRequest,
  type RequestStream,
  readBody,
} from "../server/received-request.ts";
import { type OpenRecord, type RecordedRequest, RequestLog } from "../server/request-log.ts";
import { decompressed, isGzipped } from "./decompress-request.ts";
import type { ReplySettings } from "./encode-reply.ts";
import type { GatewaySettings } from "./gateway-options.ts";
import { type Negotiated, negotiate } from "./negotiate.ts";
import type { Reply, ReplyStream } from "./reply.ts";
import { StatusError } from "./status-error.ts";
import { statusReply } from "./status-reply.ts";

/** The target of a request: an rpc, or the token exchange beside the service. */
export interface Target {
  /** The name in records: `"bytenite.customer.Customer/RunJob"`. */
  readonly fullName: string;
  /** The name in fault scopes: `"RunJob"`. */
  readonly name: string;
  /** Whether faults without an rpc in their scope skip it. */
  readonly isBesideService: boolean;
  /** Whether the body is a stream of messages, so that the request is executed before it has ended. */
  readonly takesStream?: boolean;
  /** Executes the request. It never rejects. */
  execute(request: ReceivedRequest, encodings: Negotiated): Promise<Reply>;
  /** Makes a reply with all fields at their defaults. */
  emptyReply(encoding: Encoding): Reply | Promise<Reply>;
}

/** The routes of a test server. */
export interface ServedRoutes {
  /**
   * Finds the target of a request. The path keeps its escapes.
   *
   * @throws StatusError if no route matches
   */
  readonly find: (verb: string, path: string, query: string) => Target;
  /** The rpc names that a fault's scope may have. */
  readonly rpcNames: ReadonlySet<string>;
  /** Those of them that respond with a stream. */
  readonly streamingRpcs: ReadonlySet<string>;
  readonly replySettings: ReplySettings;
}

/** Routes requests, records them and injects faults, for servers with a socket and in memory. */
export class RecordedService {
  readonly #routes: ServedRoutes;
  readonly #settings: GatewaySettings;
  readonly #log: RequestLog;
  readonly #faults = new FaultQueue();

  constructor(routes: ServedRoutes, settings: GatewaySettings) {
    this.#routes = routes;
    this.#settings = settings;
    this.#log = new RequestLog(settings.recordLimit);
  }

  get requests(): readonly RecordedRequest[] {
    return this.#log.records;
  }

  /** Resolves when `count` requests have been received since the start. */
  received(count: number): Promise<void> {
    return this.#log.reached(count);
  }

  /** @throws RangeError if there is no such rpc */
  fault(fault: MemoryFault, scope: FaultScope): void {
    const { rpcNames, streamingRpcs } = this.#routes;
    const { rpc } = scope;
    if (rpc !== undefined && !rpcNames.has(rpc)) {
      throw new RangeError(`there is no rpc ${JSON.stringify(rpc)}; there are ${[...rpcNames].join(", ")}`);
    }
    if (fault.kind === "stream" && !(rpc === undefined ? streamingRpcs.size > 0 : streamingRpcs.has(rpc))) {
      throw new RangeError(`${rpc ?? "the service"} responds with no stream, which a stream fault needs`);
    }
    this.#faults.add(fault, scope);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** Takes the next fault for a request's rpc, if it is `not-connected`. */
  takeNotConnected(verb: string, target: string): NotConnectedFault | undefined {
    if (this.#faults.isEmpty) return undefined;
    const found = this.#find(verb, target);
    if (found instanceof StatusError) return undefined;
    const isStream = this.#routes.streamingRpcs.has(found.name);
    return this.#faults.takeNotConnected(found.name, found.isBesideService, isStream);
  }

  /**
   * Replies to a request when its body is there, or at once if that is a stream. If the whole body is given, it takes the
   * request's fault before it returns.
   *
   * @throws what reading the body throws
   */
  async respond(incoming: IncomingRequest): Promise<Reply> {
    const { body } = incoming;
    const target = this.#find(incoming.verb, incoming.target);
    if (!(target instanceof StatusError) && target.takesStream === true) {
      return this.#respond({ ...incoming, body: new Uint8Array() }, target, body);
    }
    const { maxRequestBytes } = this.#settings;
    if (!(body instanceof Uint8Array)) {
      return this.#respond({ ...incoming, body: await readBody(body, maxRequestBytes) }, target);
    }
    return this.#respond({ ...incoming, body: body.length > maxRequestBytes ? undefined : body }, target);
  }

  async #respond(
    request: ReceivedRequest,
    target: Target | StatusError,
    stream?: IncomingRequest["body"],
  ): Promise<Reply> {
    const record = openRecord(request, target);
    this.#log.add(record);
    const received = stream === undefined ? request : { ...request, stream: recordRequest(stream, record) };
    const reply = await this.#replyTo(received, target);
    closeRecord(record, reply, request.signal.aborted);
    return reply.stream === undefined ? reply : { ...reply, stream: recordReply(reply.stream, record) };
  }

  async #replyTo(request: ReceivedRequest, target: Target | StatusError): Promise<Reply> {
    const { replySettings } = this.#routes;
    const encodings = negotiate(request.headers, this.#settings.binaryMediaTypes);
    if (target instanceof StatusError) return statusReply(target, encodings.response, replySettings);
    let executed: Reply | undefined;
    const executeIn = async (each: Negotiated) => {
      executed = await this.#execute(target, request, each);
      return executed;
    };
    const execute = () => executeIn(encodings);
    const isStream = this.#routes.streamingRpcs.has(target.name);
    const fault = this.#faults.take(target.name, target.isBesideService, isStream);
    if (fault === undefined) return execute();
    try {
      const reply = await applyFault(fault, {
        encoding: encodings.response,
        settings: replySettings,
        signal: request.signal,
        execute,
        executeJsonOnly: () => executeIn({ request: "json", response: "json" }),
        emptyReply: () => target.emptyReply(encodings.response),
      });
      if (reply.stream === undefined) executed?.stream?.cancel();
      return reply;
    } catch (thrown) {
      const error = new StatusError(Code.Unknown, `the ${fault.kind} fault failed: ${String(thrown)}`);
      return { ...statusReply(error, encodings.response, replySettings), thrown };
    }
  }

  #execute(target: Target, request: ReceivedRequest, encodings: Negotiated): Promise<Reply> {
    const { gzipRequests, maxRequestBytes } = this.#settings;
    if (!gzipRequests || !isGzipped(request)) return target.execute(request, encodings);
    return decompressed(request, maxRequestBytes).then(
      (plain) => target.execute(plain, encodings),
      (error: StatusError) => statusReply(error, encodings.response, this.#routes.replySettings),
    );
  }

  #find(verb: string, target: string): Target | StatusError {
    const [, path = "", query = ""] = /^([^?]*)\??(.*)$/s.exec(originForm(target)) ?? [];
    try {
      return this.#routes.find(verb, path, query);
    } catch (error) {
      if (error instanceof StatusError) return error;
      throw error;
    }
  }
}

/**
 * Removes scheme and authority from a request target in absolute form. Clients send that form to proxies, and every server
 * has to accept it (RFC 9112, section 3.2.2).
 */
function originForm(target: string): string {
  const [absolute] = /^https?:\/\/[^/?#]*/i.exec(target) ?? [""];
  const rest = target.slice(absolute.length);
  return absolute !== "" && !rest.startsWith("/") ? `/${rest}` : rest;
}

/** How many bytes of a stream a record keeps. */
const RECORDED_BYTES = 64 * 1024;

function withBytes(before: Uint8Array, more: Uint8Array): Uint8Array {
  const space = RECORDED_BYTES - before.length;
  return space > 0 ? new Uint8Array(Buffer.concat([before, more.subarray(0, space)])) : before;
}

function recordRequest(body: IncomingRequest["body"], record: OpenRecord): RequestStream {
  record.requestMessages = 0;
  async function* chunks() {
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      record.requestBytes = withBytes(record.requestBytes, chunk);
      yield chunk;
    }
  }
  return {
    chunks: chunks(),
    countMessage() {
      record.requestMessages = (record.requestMessages ?? 0) + 1;
    },
  };
}

function recordReply(stream: ReplyStream, record: OpenRecord): ReplyStream {
  record.responseMessages = 0;
  async function* chunks() {
    for await (const chunk of stream.chunks) {
      record.responseBytes = withBytes(record.responseBytes, chunk.bytes);
      if (chunk.isMessage) record.responseMessages = (record.responseMessages ?? 0) + 1;
      record.thrown ??= chunk.thrown;
      yield chunk;
    }
  }
  return { ...stream, chunks: chunks() };
}

function openRecord(request: ReceivedRequest, target: Target | StatusError): OpenRecord {
  return {
    rpc: target instanceof StatusError ? undefined : target.fullName,
    method: request.verb,
    path: request.target,
    headers: headersByName(request.headers),
    rawHeaders: request.headers,
    requestBytes: request.body ?? new Uint8Array(),
    status: undefined,
    responseHeaders: {},
    responseBytes: new Uint8Array(),
    requestMessages: undefined,
    responseMessages: undefined,
    thrown: undefined,
  };
}

function closeRecord(record: OpenRecord, reply: Reply, isDisconnected: boolean): void {
  record.thrown = reply.thrown;
  if (isDisconnected || reply.fails?.where === "before-answer") return;
  record.status = reply.status;
  record.responseHeaders = reply.headers;
  record.responseBytes = new Uint8Array(reply.body);
}

import type { Encoding } from "../../codecs/media-type.ts";
import { Code } from "../../errors/code.ts";
import { applyFault } from "../faults/apply-fault.ts";
import { FaultQueue } from "../faults/fault-queue.ts";
import type { FaultScope, MemoryFault, NotConnectedFault } from "../faults/faults.ts";
import { headersByName } from "../server/raw-headers.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import { type OpenRecord, type RecordedRequest, RequestLog } from "../server/request-log.ts";
import { decompressed, isGzipped } from "./decompress-request.ts";
import type { ReplySettings } from "./encode-reply.ts";
import type { GatewaySettings } from "./gateway-options.ts";
import { type Negotiated, negotiate } from "./negotiate.ts";
import type { Reply } from "./reply.ts";
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
  /** Executes the request. It never rejects. */
  execute(request: ReceivedRequest, encodings: Negotiated): Promise<Reply>;
  /** Makes a reply with all fields at their defaults. */
  emptyReply(encoding: Encoding): Reply;
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
    const { rpcNames } = this.#routes;
    const { rpc } = scope;
    if (rpc !== undefined && !rpcNames.has(rpc)) {
      throw new RangeError(`there is no rpc ${JSON.stringify(rpc)}; there are ${[...rpcNames].join(", ")}`);
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
    return this.#faults.takeNotConnected(found.name, found.isBesideService);
  }

  /** Replies to a request, and takes its fault before it returns. It never rejects. */
  async respond(request: ReceivedRequest): Promise<Reply> {
    const target = this.#find(request.verb, request.target);
    const record = openRecord(request, target);
    this.#log.add(record);
    const reply = await this.#replyTo(request, target);
    closeRecord(record, reply, request.signal.aborted);
    return reply;
  }

  async #replyTo(request: ReceivedRequest, target: Target | StatusError): Promise<Reply> {
    const { replySettings } = this.#routes;
    const encodings = negotiate(request.headers, this.#settings.binaryMediaTypes);
    if (target instanceof StatusError) return statusReply(target, encodings.response, replySettings);
    const executeIn = (each: Negotiated) => this.#execute(target, request, each);
    const execute = () => executeIn(encodings);
    const fault = this.#faults.take(target.name, target.isBesideService);
    if (fault === undefined) return execute();
    try {
      return await applyFault(fault, {
        encoding: encodings.response,
        settings: replySettings,
        signal: request.signal,
        execute,
        executeJsonOnly: () => executeIn({ request: "json", response: "json" }),
        emptyReply: () => target.emptyReply(encodings.response),
      });
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

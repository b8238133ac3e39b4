import { Code } from "../../errors/code.ts";
import { applyFault } from "../faults/apply-fault.ts";
import { FaultQueue, type FaultScope, type MemoryFault, type NotConnectedFault } from "../faults/faults.ts";
import { headersByName } from "../server/raw-headers.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import { type OpenRecord, type RecordedRequest, RequestLog } from "../server/request-log.ts";
import type { GatewaySettings } from "./gateway-options.ts";
import { negotiate } from "./negotiate.ts";
import type { Reply } from "./reply.ts";
import type { ReplySettings } from "./reply-settings.ts";
import { StatusError } from "./status-error.ts";
import { statusReply } from "./status-reply.ts";
import type { FindTarget, Target } from "./target.ts";

/** What a server for tests serves. */
export interface Served {
  readonly find: FindTarget;
  /** The names that faults may be for. */
  readonly names: ReadonlySet<string>;
  readonly replies: ReplySettings;
}

/**
 * What every server for tests does, whatever its requests come over: they are recorded, led to what they are for,
 * and go wrong where that was asked for.
 */
export class RecordedService {
  readonly #served: Served;
  readonly #settings: GatewaySettings;
  readonly #log: RequestLog;
  readonly #faults = new FaultQueue();

  constructor(served: Served, settings: GatewaySettings) {
    this.#served = served;
    this.#settings = settings;
    this.#log = new RequestLog(settings.recordLimit);
  }

  get requests(): readonly RecordedRequest[] {
    return this.#log.records;
  }

  /** Resolves once so many requests were received, counted from the start. */
  received(count: number): Promise<void> {
    return this.#log.reached(count);
  }

  /** @throws RangeError if there is no such rpc */
  fault(fault: MemoryFault, scope: FaultScope): void {
    const { names } = this.#served;
    const { rpc } = scope;
    if (rpc !== undefined && !names.has(rpc)) {
      throw new RangeError(`there is no rpc ${JSON.stringify(rpc)}; there are ${[...names].join(", ")}`);
    }
    this.#faults.add(fault, scope);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** What keeps a request from being sent, if that is the next fault for its rpc. */
  takeNotConnected(verb: string, target: string): NotConnectedFault | undefined {
    if (this.#faults.isEmpty) return undefined;
    const found = this.#find(verb, target);
    if (found instanceof StatusError) return undefined;
    return this.#faults.takeNotConnected(found.name, found.isBesideService);
  }

  /** Answers a request. Its fault is chosen before this returns. It never rejects. */
  async answer(request: ReceivedRequest): Promise<Reply> {
    const target = this.#find(request.verb, request.target);
    const record = openRecord(request, target);
    this.#log.add(record);
    const reply = await this.#replyTo(request, target);
    closeRecord(record, reply, request.signal.aborted);
    return reply;
  }

  async #replyTo(request: ReceivedRequest, target: Target | StatusError): Promise<Reply> {
    const { replies } = this.#served;
    const encodings = negotiate(request.headers, this.#settings.binaryMediaTypes);
    if (target instanceof StatusError) return statusReply(target, encodings.response, replies);
    const execute = () => target.execute(request, encodings);
    const fault = this.#faults.take(target.name, target.isBesideService);
    if (fault === undefined) return execute();
    try {
      return await applyFault(fault, {
        encoding: encodings.response,
        settings: replies,
        signal: request.signal,
        execute,
        executeJsonOnly: () => target.execute(request, { request: "json", response: "json" }),
        emptyReply: () => target.emptyReply(encodings.response),
      });
    } catch (thrown) {
      const error = new StatusError(Code.Unknown, `the ${fault.kind} fault failed: ${String(thrown)}`);
      return { ...statusReply(error, encodings.response, replies), thrown };
    }
  }

  #find(verb: string, target: string): Target | StatusError {
    const [, path = "", query = ""] = /^([^?]*)\??(.*)$/s.exec(originForm(target)) ?? [];
    try {
      return this.#served.find(verb, path, query);
    } catch (error) {
      if (error instanceof StatusError) return error;
      throw error;
    }
  }
}

/**
 * What is asked for, without the scheme and the authority that clients write in front of it for a proxy. Every server has
 * to accept these (RFC 9112, section 3.2.2).
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

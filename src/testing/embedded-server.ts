import { Code } from "../errors/code.ts";
import { applyFault } from "./apply-fault.ts";
import { FaultQueue } from "./faults.ts";
import { type HttpListener, listen, type ReceivedRequest } from "./http-listener.ts";
import { negotiate } from "./negotiate.ts";
import { headersByName } from "./raw-headers.ts";
import type { Reply } from "./reply.ts";
import type { ReplySettings } from "./reply-settings.ts";
import { type OpenRecord, RequestLog } from "./request-log.ts";
import type { ServerHandle } from "./server-handle.ts";
import type { ServerSettings } from "./server-options.ts";
import { StatusError } from "./status-error.ts";
import { statusReply } from "./status-reply.ts";
import type { FindTarget, Target } from "./target.ts";

/** What an embedded server serves. */
export interface Served {
  readonly find: FindTarget;
  /** The names that faults may be for. */
  readonly names: ReadonlySet<string>;
  readonly replies: ReplySettings;
}

/** Starts a server: requests are recorded, led to what they are for, and go wrong where that was asked for. */
export async function startEmbeddedServer(served: Served, settings: ServerSettings): Promise<ServerHandle> {
  const log = new RequestLog(settings.recordLimit);
  const faults = new FaultQueue();
  const listener = await listen(settings, async (request) => {
    const target = findTarget(served.find, request);
    const record = openRecord(request, target);
    log.add(record);
    const reply = await replyTo(request, target, served.replies, settings, faults);
    closeRecord(record, reply, request.signal.aborted);
    return reply;
  });
  return serverHandle(served, settings, { log, faults, listener });
}

async function replyTo(
  request: ReceivedRequest,
  target: Target | StatusError,
  replies: ReplySettings,
  { binaryMediaTypes }: ServerSettings,
  faults: FaultQueue,
): Promise<Reply> {
  const encodings = negotiate(request.headers, binaryMediaTypes);
  if (target instanceof StatusError) return statusReply(target, encodings.response, replies);
  const execute = () => target.execute(request, encodings);
  const fault = faults.take(target.name, target.isBesideService);
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

function findTarget(find: FindTarget, { verb, target }: ReceivedRequest): Target | StatusError {
  const [, path = "", query = ""] = /^([^?]*)\??(.*)$/s.exec(target) ?? [];
  try {
    return find(verb, path, query);
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
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

function closeRecord(record: OpenRecord, reply: Reply, isGone: boolean): void {
  record.thrown = reply.thrown;
  if (isGone || reply.fails?.where === "before-answer") return;
  record.status = reply.status;
  record.responseHeaders = reply.headers;
  record.responseBytes = new Uint8Array(reply.body);
}

function serverHandle(
  { names }: Served,
  { host, basePath }: ServerSettings,
  { log, faults, listener }: { log: RequestLog; faults: FaultQueue; listener: HttpListener },
): ServerHandle {
  const hostname = host.includes(":") ? `[${host}]` : host;
  const close = () => listener.close();
  return {
    baseUrl: `http://${hostname}:${listener.port}${basePath}`,
    port: listener.port,
    requests: log.records,
    get connections() {
      return listener.connections;
    },
    received: (count) => log.reached(count),
    fault(fault, scope = {}) {
      const { rpc } = scope;
      if (rpc !== undefined && !names.has(rpc)) {
        throw new RangeError(`there is no rpc ${JSON.stringify(rpc)}; there are ${[...names].join(", ")}`);
      }
      faults.add(fault, scope);
    },
    clearFaults: () => faults.clear(),
    closeIdleConnections: () => listener.closeIdleConnections(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Encoding } from "../../codecs/media-type.ts";
import { codeFromHttpStatus } from "../../errors/http-status.ts";
import { contentTypeHeader, encodeReply, type ReplySettings } from "../gateway/encode-reply.ts";
import type { Reply, ReplyStream } from "../gateway/reply.ts";
import { StatusError } from "../gateway/status-error.ts";
import { statusReply } from "../gateway/status-reply.ts";
import { untilAborted } from "../server/received-request.ts";
import { breakStream, padStream, type StreamBreak } from "./break-stream.ts";
import type { DelayFault, Fault, OversizeFault, StatusFault } from "./faults.ts";

/** The call that gets a fault. */
export interface FaultyCall {
  /** The encoding of the response. */
  readonly encoding: Encoding;
  readonly settings: ReplySettings;
  /** Aborts when the caller disconnects. */
  readonly signal: AbortSignal;
  /** Executes the call. */
  execute(): Promise<Reply>;
  /** Executes the call as a server without a binary marshaler. */
  executeJsonOnly(): Promise<Reply>;
  /** Makes a reply from the rpc's output with all fields at their defaults. */
  emptyReply(): Reply | Promise<Reply>;
}

const utf8 = new TextEncoder();

/**
 * Injects a fault into a call, and returns the reply to send instead of the call's own.
 *
 * Two kinds never get here. `JobsServer.fault` turns a `refusal` into a `message` fault (jobs-service.ts). A
 * `not-connected` fault fails a request before it is received (memory-dispatcher.ts).
 */
export async function applyFault(fault: Fault, call: FaultyCall): Promise<Reply> {
  const replyOrEmpty = async (execute: boolean) => (execute ? await call.execute() : call.emptyReply());
  const { encoding, settings } = call;
  switch (fault.kind) {
    case "status":
      if (fault.execute) await call.execute();
      return statusFaultReply(fault, call);
    case "message":
      if (fault.execute) await call.execute();
      return { ...encodeReply(fault.schema, fault.message, encoding, settings), status: fault.status ?? 200 };
    case "delay": {
      if (!fault.execute) await delay(fault, call.signal);
      const reply = await call.execute();
      if (fault.execute) await delay(fault, call.signal);
      return reply;
    }
    case "reset": {
      const { where = "before-answer", how = "reset", bytes, announced } = fault;
      const reply = await replyOrEmpty(fault.execute ?? where === "in-answer");
      if (where === "in-answer" && reply.stream !== undefined) {
        return withinFirstMessage(reply, reply.stream, { end: "reset", how, bytes });
      }
      return { ...reply, announced, fails: { where, how, bytes } };
    }
    case "hang": {
      const { where = "before-answer" } = fault;
      const reply = await replyOrEmpty(fault.execute ?? where === "in-answer");
      if (where === "in-answer" && reply.stream !== undefined) {
        return withinFirstMessage(reply, reply.stream, { end: "hang" });
      }
      return { ...reply, fails: { where, how: "hang" } };
    }
    case "garbage": {
      const reply = await replyOrEmpty(fault.execute ?? true);
      return { ...reply, stream: undefined, body: fault.body ?? new Uint8Array(16).fill(0xff) };
    }
    case "content-type":
      return withContentType(await replyOrEmpty(fault.execute ?? true), fault.contentType);
    case "json-only":
      return call.executeJsonOnly();
    case "truncate": {
      const reply = await replyOrEmpty(fault.execute ?? true);
      if (reply.stream !== undefined)
        return withinFirstMessage(reply, reply.stream, { ...fault, end: "cut" });
      const bytes = fault.bytes ?? Math.max(reply.body.length - 1, 0);
      return { ...reply, body: reply.body.subarray(0, bytes) };
    }
    case "html": {
      if (fault.execute) await call.execute();
      const { status = 502 } = fault;
      const page = `<!doctype html>\n<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>\n`;
      return { status, headers: { "content-type": "text/html; charset=utf-8" }, body: utf8.encode(page) };
    }
    case "oversize":
      return padded(await replyOrEmpty(fault.execute ?? true), fault, encoding);
    case "stream": {
      const reply = await call.execute();
      return reply.stream === undefined ? reply : { ...reply, stream: breakStream(reply.stream, fault) };
    }
  }
}

function statusFaultReply(fault: StatusFault, { encoding, settings }: FaultyCall): Reply {
  const { status, retryAfter, body, contentType } = fault;
  const headers = withLowerCaseNames(fault.headers ?? {});
  if (retryAfter !== undefined) {
    headers["retry-after"] = typeof retryAfter === "number" ? String(retryAfter) : retryAfter.toUTCString();
  }
  if (body !== undefined || status < 400) {
    const bytes = typeof body === "string" ? utf8.encode(body) : (body ?? new Uint8Array());
    const isTyped = body === undefined || "content-type" in headers;
    return withContentType(
      { status, headers, body: bytes },
      contentType ?? (isTyped ? undefined : "text/plain"),
    );
  }
  const { code = codeFromHttpStatus(status), message = `injected fault: HTTP ${status}`, details } = fault;
  const error = new StatusError(code, message, { details, headers });
  const reply = statusReply(error, encoding, settings, status);
  return withContentType({ ...reply, status }, contentType);
}

function withLowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** @param contentType empty for none; undefined for what the reply has */
function withContentType(reply: Reply, contentType: string | undefined): Reply {
  if (contentType === undefined) return reply;
  const { "content-type": _, ...headers } = reply.headers;
  return { ...reply, headers: { ...headers, ...contentTypeHeader(contentType) } };
}

/** Breaks a stream off in the midst of its first message, by default. */
function withinFirstMessage(
  reply: Reply,
  stream: ReplyStream,
  { end, how, bytes = "half" }: Pick<StreamBreak, "end" | "how" | "bytes">,
): Reply {
  return { ...reply, stream: breakStream(stream, { after: 0, end, how, bytes }) };
}

function padded(reply: Reply, { bytes, announced = true }: OversizeFault, encoding: Encoding): Reply {
  if (reply.stream !== undefined) return { ...reply, stream: padStream(reply.stream, bytes) };
  const padding =
    encoding === "protobuf"
      ? new BinaryWriter().tag(MAX_FIELD, WireType.LengthDelimited).bytes(new Uint8Array(bytes)).finish()
      : new Uint8Array(bytes).fill(0x20);
  return { ...reply, body: Buffer.concat([reply.body, padding]), announced };
}

/** The highest field number of protobuf, which messages hardly use. */
const MAX_FIELD = 536_870_911;

/** Uses the global timer, so that a test's fake timers apply. */
async function delay({ ms = 0, until }: DelayFault, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const elapsed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([Promise.all([elapsed, until?.catch(() => {})]), untilAborted(signal)]);
  clearTimeout(timer);
}

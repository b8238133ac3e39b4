import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Encoding } from "../../codecs/media-type.ts";
import { codeFromHttpStatus } from "../../errors/http-status.ts";
import { encodeReply } from "../gateway/encode-reply.ts";
import type { Reply } from "../gateway/reply.ts";
import type { ReplySettings } from "../gateway/reply-settings.ts";
import { StatusError } from "../gateway/status-error.ts";
import { statusReply } from "../gateway/status-reply.ts";
import { gone } from "../server/disconnected.ts";
import type { DelayFault, Fault, OversizeFault, StatusFault } from "./faults.ts";

/** A call that a fault happens to. */
export interface FaultyCall {
  /** The encoding that the answer is due in. */
  readonly encoding: Encoding;
  readonly settings: ReplySettings;
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal;
  /** Does what the call asks for. */
  execute(): Promise<Reply>;
  /** The same, as a server that has no binary marshaler. */
  executeJsonOnly(): Promise<Reply>;
  /** The rpc's answer with all fields at their defaults. */
  emptyReply(): Reply;
}

const utf8 = new TextEncoder();

/** Lets a fault happen to a call, and gives what goes out instead of the call's own answer. */
export async function applyFault(fault: Fault, call: FaultyCall): Promise<Reply> {
  const replyOrEmpty = async (execute: boolean) => (execute ? await call.execute() : call.emptyReply());
  const { encoding, settings } = call;
  switch (fault.kind) {
    case "status":
      if (fault.execute) await call.execute();
      return faultyStatus(fault, call);
    case "message":
      if (fault.execute) await call.execute();
      return { ...encodeReply(fault.schema, fault.message, encoding, settings), status: fault.status ?? 200 };
    case "delay": {
      if (!fault.execute) await waited(fault, call.signal);
      const reply = await call.execute();
      if (fault.execute) await waited(fault, call.signal);
      return reply;
    }
    case "reset": {
      const { where = "before-answer", how = "reset", bytes, announced } = fault;
      const reply = await replyOrEmpty(fault.execute ?? where === "in-answer");
      return { ...reply, announced, fails: { where, how, bytes } };
    }
    case "hang": {
      const { where = "before-answer" } = fault;
      const reply = await replyOrEmpty(fault.execute ?? where === "in-answer");
      return { ...reply, fails: { where, how: "hang" } };
    }
    case "garbage": {
      const reply = await replyOrEmpty(fault.execute ?? true);
      return { ...reply, body: fault.body ?? new Uint8Array(16).fill(0xff) };
    }
    case "content-type":
      return relabelled(await replyOrEmpty(fault.execute ?? true), fault.contentType);
    case "json-only":
      return call.executeJsonOnly();
    case "truncate": {
      const reply = await replyOrEmpty(fault.execute ?? true);
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
      return swollen(await replyOrEmpty(fault.execute ?? true), fault, encoding);
  }
}

function faultyStatus(fault: StatusFault, { encoding, settings }: FaultyCall): Reply {
  const { status, retryAfter, body } = fault;
  const headers: Record<string, string> = { ...fault.headers };
  if (retryAfter !== undefined) {
    headers["retry-after"] = typeof retryAfter === "number" ? String(retryAfter) : retryAfter.toUTCString();
  }
  if (body !== undefined || status < 400) {
    const bytes = typeof body === "string" ? utf8.encode(body) : (body ?? new Uint8Array());
    if (body !== undefined) headers["content-type"] = fault.contentType ?? "text/plain";
    return { status, headers, body: bytes };
  }
  const {
    code = codeFromHttpStatus(status),
    message = `a fault that was asked for: ${status}`,
    details,
  } = fault;
  const reply = statusReply(new StatusError(code, message, { details, headers }), encoding, settings);
  return relabelled({ ...reply, status }, fault.contentType ?? settings.contentTypes[encoding]);
}

function relabelled(reply: Reply, contentType: string): Reply {
  const { "content-type": _, ...headers } = reply.headers;
  return { ...reply, headers: contentType === "" ? headers : { ...headers, "content-type": contentType } };
}

function swollen(reply: Reply, { bytes, announced = true }: OversizeFault, encoding: Encoding): Reply {
  const padding =
    encoding === "protobuf"
      ? new BinaryWriter().tag(MAX_FIELD, WireType.LengthDelimited).bytes(new Uint8Array(bytes)).finish()
      : new Uint8Array(bytes).fill(0x20);
  return { ...reply, body: Buffer.concat([reply.body, padding]), announced };
}

/** The highest field number there is, which no message is likely to have. */
const MAX_FIELD = 536_870_911;

/** With the global timer, which a test may have put its own in the place of. */
async function waited({ ms = 0, until }: DelayFault, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const slept = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([Promise.all([slept, until?.catch(() => {})]), gone(signal)]);
  clearTimeout(timer);
}

import { OPENING_BRACE, SPACE } from "../../codecs/ascii.ts";
import { Code } from "../../errors/code.ts";
import type { ReplyStream, StreamChunk } from "../gateway/reply.ts";
import { StatusError } from "../gateway/status-error.ts";
import type { StreamFault } from "./faults.ts";

const nothing: Uint8Array = new Uint8Array();

/** How a streaming response breaks off. */
export interface StreamBreak extends Omit<StreamFault, "kind" | "bytes"> {
  readonly bytes?: number | "half" | undefined;
}

/** Makes a streaming response end as a fault says. */
export function breakStream(stream: ReplyStream, fault: StreamBreak): ReplyStream {
  return { ...stream, chunks: brokenChunks(stream, fault) };
}

async function* brokenChunks(stream: ReplyStream, fault: StreamBreak): AsyncGenerator<StreamChunk> {
  const { after = 1, end } = fault;
  const chunks = stream.chunks[Symbol.asyncIterator]();
  const nextMessage = async (): Promise<StreamChunk | undefined> => {
    const { done, value } = await chunks.next();
    return done === true || !value.isMessage ? undefined : value;
  };
  for (let sent = 0; sent < after; sent++) {
    const message = await nextMessage();
    if (message === undefined) break;
    yield message;
  }
  // The next message is not awaited if nothing of it is sent: the handler may never have one.
  const { bytes = end === "cut" ? "half" : 0 } = fault;
  const next = (bytes === 0 ? undefined : await nextMessage())?.bytes ?? nothing;
  const part = next.subarray(0, bytes === "half" ? Math.ceil(next.length / 2) : bytes);
  stream.cancel();
  switch (end) {
    case "clean":
    case "cut":
      yield { bytes: part, isMessage: false };
      return;
    case "error": {
      const { code = Code.Internal, message = "injected fault", details } = fault;
      yield { bytes: part, isMessage: false };
      yield stream.error(new StatusError(code, message, { details }));
      return;
    }
    case "hang":
      yield { bytes: part, isMessage: false, fails: "hang" };
      return;
    case "reset":
      yield { bytes: part, isMessage: false, fails: fault.how ?? "reset" };
  }
}

/** Adds white space to the first message of a stream, after the first brace in it. */
export function padStream(stream: ReplyStream, bytes: number): ReplyStream {
  return { ...stream, chunks: paddedChunks(stream, bytes) };
}

async function* paddedChunks({ chunks }: ReplyStream, bytes: number): AsyncGenerator<StreamChunk> {
  let isPadded = false;
  for await (const chunk of chunks) {
    if (isPadded || !chunk.isMessage) {
      yield chunk;
      continue;
    }
    isPadded = true;
    const at = chunk.bytes.indexOf(OPENING_BRACE) + 1;
    const padding = new Uint8Array(bytes).fill(SPACE);
    const padded = Buffer.concat([chunk.bytes.subarray(0, at), padding, chunk.bytes.subarray(at)]);
    yield { ...chunk, bytes: padded };
  }
}

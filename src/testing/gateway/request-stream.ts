import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { CodecError } from "../../codecs/codec-error.ts";
import { messageFromJson } from "../../codecs/json-decoder.ts";
import { Code } from "../../errors/code.ts";
import { messageSplitter } from "../../streams/message-splitter.ts";
import { StreamFormatError } from "../../streams/stream-format-error.ts";
import type { RequestStream } from "../server/received-request.ts";
import type { CallContext } from "./call-context.ts";
import { StatusError } from "./status-error.ts";

/** How the messages of a request are read. */
export interface RequestStreamOptions {
  readonly desc: DescMessage;
  readonly registry: Registry;
  /** The limit for a message, in bytes. */
  readonly maxMessageBytes: number;
  /** Whether a message that cannot be decoded ends the messages, and does not fail the call. */
  readonly endsIfInvalid: boolean;
}

/**
 * Decodes the messages of a request as they come. It reads on when the handler takes the next message.
 *
 * Where a message cannot be decoded, it does what the code does that grpc-gateway generates. The call fails with
 * `InvalidArgument` if it has one response. If its responses are a stream, the gateway ends the messages, and the handler
 * does not learn why.
 */
export async function* requestMessages(
  { chunks, countMessage }: RequestStream,
  options: RequestStreamOptions,
  context: CallContext,
): AsyncGenerator<Message> {
  const splitter = messageSplitter(undefined, options.maxMessageBytes);
  const decode = (text: string) => {
    const message = messageFromJson(options.desc, text, { registry: options.registry });
    countMessage();
    return message;
  };
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await context.unlessAborted(() => readChunk(iterator));
      if (done === true) break;
      splitter.push(value);
      for (let text = splitter.next(); text !== undefined; text = splitter.next()) yield decode(text);
    }
    const last = splitter.end();
    if (last !== undefined) yield decode(last);
  } catch (cause) {
    const error = asInvalid(cause);
    if (error === undefined) throw cause;
    if (options.endsIfInvalid && error.code === Code.InvalidArgument) return;
    context.fail(error);
    throw error;
  }
}

/** A body that breaks off belongs to a client that has left. */
async function readChunk(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await iterator.next();
  } catch (cause) {
    throw new StatusError(Code.Cancelled, "context canceled", { cause });
  }
}

/** The status of a request that cannot be read; undefined for another error. */
function asInvalid(cause: unknown): StatusError | undefined {
  if (cause instanceof CodecError) return new StatusError(Code.InvalidArgument, cause.message, { cause });
  if (!(cause instanceof StreamFormatError)) return undefined;
  return cause.kind === "too_large"
    ? new StatusError(Code.ResourceExhausted, "received message larger than max", { cause })
    : new StatusError(Code.InvalidArgument, cause.message, { cause });
}

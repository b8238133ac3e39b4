import type { JsonCursor } from "../codecs/compiled/json-cursor.ts";
import { mediaTypeOf } from "../codecs/media-type.ts";
import { EventSplitter } from "./event-splitter.ts";
import { JsonSplitter } from "./json-splitter.ts";

/**
 * Splits the bytes of a streamed response into its JSON messages. It scans each byte once and keeps the bytes of at most one
 * message. After it has thrown, it is of no more use.
 */
export interface MessageSplitter {
  /** Whether the body has shown its own end, as an array does that was closed. */
  readonly isClosed: boolean;

  /** Takes the next bytes of the body. Call it only after {@link next} has returned undefined. */
  push(chunk: Uint8Array): void;

  /**
   * Reads the next message where it is in the chunk, without a search for its end.
   *
   * @param read returns undefined if the message is incomplete there, or not supported
   * @returns undefined if nothing was read; {@link next} then has the message
   */
  readNext<T>(read: (cursor: JsonCursor) => T | undefined): T | undefined;

  /**
   * The text of the next message; undefined if it needs more bytes. The text may be invalid JSON: a splitter validates no
   * more than it needs to find the end of a message.
   *
   * @throws {@link StreamFormatError} if the body is not a stream of JSON, or a message is longer than the limit
   */
  next(): string | undefined;

  /**
   * Says that the body has ended. Call it only after {@link next} has returned undefined.
   *
   * @returns the last message, if only the end of the body has ended it
   * @throws {@link StreamFormatError} if the body ended in the middle of something
   */
  end(): string | undefined;
}

/**
 * A splitter for a body with this `content-type`: server-sent events, or else JSON.
 *
 * @param maxMessageBytes how long a message may be, without what separates messages
 */
export function messageSplitter(contentType: string | undefined, maxMessageBytes: number): MessageSplitter {
  const areEvents = contentType !== undefined && mediaTypeOf(contentType) === "text/event-stream";
  return areEvents ? new EventSplitter(maxMessageBytes) : new JsonSplitter(maxMessageBytes);
}

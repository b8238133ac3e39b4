import { asBuffer } from "../codecs/as-buffer.ts";
import { COLON, CR, LF, OPENING_BRACE, SPACE } from "../codecs/ascii.ts";
import { ByteOrderMark } from "./byte-order-mark.ts";
import { MessageBytes } from "./message-bytes.ts";
import { StreamFormatError } from "./stream-format-error.ts";

/**
 * Splits a body of server-sent events into messages: the data of each event is one. It reads lines and fields as WHATWG HTML
 * does. It differs in what it makes of them, because a stream must not lose a message or end quietly in the middle:
 *
 * - If the body ends within an event, the event counts if its data is one whole object, array or string. A grpc-gateway
 *   before 2.9 ends no error with its delimiter (grpc-gateway#2591), so that the blank line is missing. Any other end within
 *   an event or a line is an error. The standard discards such an event.
 * - A line that begins with `{` is a message by itself. Marshalers of gateways that make events only of results write an
 *   error so. The standard ignores such a line.
 * - An event with empty data is skipped. It keeps a connection alive.
 *
 * The type of an event does not count, because gateways give none: an error is known by its JSON, as in other streams.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class EventSplitter {
  readonly isClosed = false;
  readonly #mark = new ByteOrderMark();
  readonly #bytes: MessageBytes;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  /** Where in a line the next byte is. */
  #line: "start" | "name" | "colon" | "data" | "message" | "ignored" = "start";

  /** How much of the line's name is the start of `data`. */
  #nameLength = 0;

  /** Whether the last byte was a CR, so that an LF belongs to the same line end. */
  #isAfterCr = false;

  /** What there is of the current event. */
  #event: "nothing" | "other fields" | "data" = "nothing";

  /** The part of its data that is in the chunk, and not in `#bytes`. */
  #from = 0;
  #to = 0;

  /** All bytes of its data, combined by `|`. */
  #bits = 0;

  constructor(maxMessageBytes: number) {
    this.#bytes = new MessageBytes(maxMessageBytes);
  }

  push(chunk: Uint8Array): void {
    this.#chunk = asBuffer(chunk);
    this.#at = this.#mark.skip(this.#chunk);
    this.#from = this.#to = this.#at;
  }

  /** An event shows only with its last line that its data is whole. */
  readNext(): undefined {
    return undefined;
  }

  next(): string | undefined {
    const chunk = this.#chunk;
    while (this.#at < chunk.length) {
      const byte = chunk[this.#at] as number;
      if (this.#isAfterCr) {
        this.#isAfterCr = false;
        if (byte === LF) {
          this.#at++;
          continue;
        }
      }
      switch (this.#line) {
        case "start":
          if (byte === LF || byte === CR) {
            this.#endLine(byte);
            const text = this.#takeMessage();
            if (text !== undefined) return text;
          } else {
            this.#beginLine(byte);
          }
          break;
        case "name":
          this.#readName(byte);
          break;
        case "colon":
          if (byte === SPACE) this.#at++;
          this.#beginData();
          break;
        case "data":
          this.#readData();
          break;
        case "message":
          if (this.#readData()) return this.#takeMessage();
          break;
        case "ignored":
          if (byte === LF || byte === CR) this.#endLine(byte);
          else this.#at++;
      }
    }
    this.#keepData();
    return undefined;
  }

  end(): string | undefined {
    this.#mark.end();
    if (this.#line === "start" && this.#event === "nothing") return undefined;
    const text = this.#event === "data" ? this.#wholeMessage() : undefined;
    if (text === undefined) throw new StreamFormatError("truncated", "the stream ended within an event");
    return text;
  }

  #beginLine(byte: number): void {
    if (byte === COLON) {
      this.#line = "ignored";
    } else if (byte === OPENING_BRACE) {
      if (this.#event === "data")
        throw new StreamFormatError("format", "an event of the stream has a line of JSON");
      this.#beginData();
      this.#line = "message";
    } else {
      this.#line = "name";
      this.#nameLength = 0;
      if (this.#event === "nothing") this.#event = "other fields";
    }
  }

  /** Goes behind the line end. */
  #endLine(byte: number): void {
    this.#at++;
    this.#line = "start";
    this.#isAfterCr = byte === CR;
  }

  #readName(byte: number): void {
    if (this.#nameLength < DATA.length) {
      if (byte === DATA[this.#nameLength]) {
        this.#nameLength++;
        this.#at++;
      } else {
        this.#line = "ignored";
      }
    } else if (byte === COLON) {
      this.#at++;
      this.#line = "colon";
    } else if (byte === LF || byte === CR) {
      this.#beginData();
    } else {
      this.#line = "ignored";
    }
  }

  /** Begins a line of data. The lines of an event are joined by LF. */
  #beginData(): void {
    this.#line = "data";
    if (this.#event === "data") {
      this.#keepData();
      this.#bytes.append(lineFeed, 0, 1);
    }
    this.#event = "data";
    this.#from = this.#to = this.#at;
  }

  /** Goes behind the line of data. Returns false, at the end of the chunk, if it does not end there. */
  #readData(): boolean {
    const chunk = this.#chunk;
    const end = chunk.length;
    let at = this.#at;
    let bits = this.#bits;
    let byte = 0;
    while (at < end) {
      byte = chunk[at] as number;
      if (byte === LF || byte === CR) break;
      bits |= byte;
      at++;
    }
    this.#at = this.#to = at;
    this.#bits = bits;
    if (at === end) return false;
    this.#endLine(byte);
    return true;
  }

  /** Keeps the data that is in the chunk. */
  #keepData(): void {
    this.#bytes.append(this.#chunk, this.#from, this.#to);
    this.#from = this.#to;
  }

  /** Ends the event. Returns undefined if it has no data. */
  #takeMessage(): string | undefined {
    const isMessage = this.#event === "data";
    const text = this.#bytes.take(this.#chunk, this.#from, this.#to, this.#bits < 0x80);
    this.#from = this.#to;
    this.#bits = 0;
    this.#event = "nothing";
    return isMessage && text !== "" ? text : undefined;
  }

  /** The message of an event that has not ended, if the message itself is whole. */
  #wholeMessage(): string | undefined {
    try {
      const text = this.#takeMessage();
      if (text === undefined || !/^\s*["[{]/.test(text)) return undefined;
      JSON.parse(text);
      return text;
    } catch {
      return undefined;
    }
  }
}

/** The name of the field that counts. */
const DATA = Buffer.from("data");

const lineFeed = Buffer.from([LF]);

// The long bodies of bench/growth.ts, and the floor for each: the cheapest that V8 and Node.js offer for the same bytes.
// It validates nothing, knows every length beforehand, and can write and read nothing else.
import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { PutRequestSchema } from "../examples/gen/etcdserverpb/kv_pb.js";
import { type Book, BookSchema, ListBooksResponseSchema } from "../examples/gen/library/v1/library_pb.js";
import { encodeBinary } from "../src/codecs/binary-codec.ts";
import { encodeJson } from "../src/codecs/json-codec.ts";

/** The encodings of a body. */
export type BodyEncoding = "binary" | "json";

/** A message with a long body. */
export interface LongBody {
  readonly desc: DescMessage;
  readonly message: Message;
  /** The encoded message. */
  readonly bytes: Readonly<Record<BodyEncoding, Buffer>>;
  readonly floor: Readonly<Record<BodyEncoding, Floor>>;
}

/** Writes and reads a body. */
interface Floor {
  write(): Uint8Array;
  /** Reads values that the caller can use. */
  read(body: Buffer): unknown;
}

function longBody<Desc extends DescMessage>(
  desc: Desc,
  message: Message,
  floorOf: (bytes: Record<BodyEncoding, Buffer>) => Record<BodyEncoding, Floor>,
): LongBody {
  const bytes = {
    binary: Buffer.from(encodeBinary(desc, message)),
    json: Buffer.from(encodeJson(desc, message)),
  };
  return { desc, message, bytes, floor: floorOf(bytes) };
}

function text(length: number): LongBody {
  const title = Buffer.alloc(length, "text ").toString("latin1");
  return longBody(BookSchema, create(BookSchema, { title }), ({ binary, json }) => ({
    binary: {
      write() {
        const body = Buffer.allocUnsafeSlow(binary.length);
        body.write(title, binary.length - length, "latin1");
        return body;
      },
      read: (body) => body.toString("latin1", binary.length - length),
    },
    json: {
      write() {
        const body = Buffer.allocUnsafeSlow(json.length);
        body.write(JSON.stringify({ title }), "latin1");
        return body;
      },
      read: (body) => JSON.parse(body.toString("latin1")),
    },
  }));
}

function bytes(length: number): LongBody {
  const value = Buffer.alloc(length, "bytes ");
  return longBody(PutRequestSchema, create(PutRequestSchema, { value }), ({ binary, json }) => ({
    binary: {
      write() {
        const body = Buffer.allocUnsafeSlow(binary.length);
        body.set(value, binary.length - length);
        return body;
      },
      read: (body) => body.subarray(binary.length - length),
    },
    json: {
      write() {
        const body = Buffer.allocUnsafeSlow(json.length);
        body.write(`{"value":"${value.toString("base64")}"}`, "latin1");
        return body;
      },
      read: (body) => Buffer.from((JSON.parse(body.toString("latin1")) as { value: string }).value, "base64"),
    },
  }));
}

function messages(count: number): LongBody {
  const books = Array.from({ length: count }, (_, i) =>
    create(BookSchema, { name: `shelves/1/books/${i}`, title: "A small message", pageCount: i % 100 }),
  );
  const message = create(ListBooksResponseSchema, { books });
  return longBody(ListBooksResponseSchema, message, ({ binary, json }) => ({
    binary: { write: () => writeBooks(books, binary.length), read: readBooks },
    json: {
      write() {
        const body = Buffer.allocUnsafeSlow(json.length);
        body.write(JSON.stringify({ books: books.map(plainBook) }), "latin1");
        return body;
      },
      read: (body) => JSON.parse(body.toString("latin1")),
    },
  }));
}

function plainBook({ name, title, pageCount }: Pick<Book, "name" | "title" | "pageCount">): object {
  return pageCount === 0 ? { name, title } : { name, title, pageCount };
}

/** Writes books by hand, whose lengths and page counts all have one byte. */
function writeBooks(books: readonly Book[], length: number): Buffer {
  const body = Buffer.allocUnsafeSlow(length);
  let at = 0;
  const writeText = (tag: number, value: string) => {
    body[at++] = tag;
    body[at++] = value.length;
    for (let i = 0; i < value.length; i++) body[at++] = value.charCodeAt(i);
  };
  for (const { name, title, pageCount } of books) {
    body[at++] = 0x0a;
    body[at++] = name.length + title.length + (pageCount === 0 ? 4 : 6);
    writeText(0x0a, name);
    writeText(0x12, title);
    if (pageCount === 0) continue;
    body[at++] = 0x40;
    body[at++] = pageCount;
  }
  return body;
}

/** Reads what {@link writeBooks} wrote. */
function readBooks(body: Buffer): object[] {
  const books: object[] = [];
  let at = 0;
  const readText = () => {
    const start = at + 2;
    at = start + (body[at + 1] as number);
    return body.toString("latin1", start, at);
  };
  while (at < body.length) {
    const end = at + 2 + (body[at + 1] as number);
    at += 2;
    const book = { name: readText(), title: readText(), pageCount: at < end ? (body[at + 1] as number) : 0 };
    at = end;
    books.push(book);
  }
  return books;
}

/** Makes the bodies. They are not kept, because a larger heap makes each garbage collection dearer. */
export const longBodies = {
  "100 kB of text": () => text(100_000),
  "1 MB of text": () => text(1_000_000),
  "10,000 messages": () => messages(10_000),
  "1 MB of bytes": () => bytes(1_000_000),
} satisfies Record<string, () => LongBody>;

export type LongBodyName = keyof typeof longBodies;

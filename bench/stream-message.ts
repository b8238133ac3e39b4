// The messages of bench/streams.ts, and its methods: a server stream of books, and one book.
import {
  create,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  toJsonString,
} from "@bufbuild/protobuf";
import { type Book, BookSchema, GetBookRequestSchema } from "../examples/gen/library/v1/library_pb.js";
import { httpRule, methodWith } from "../test/transcoding/support/rule-method.ts";

const rule = httpRule("GET /v1/{name=**}");

export const booksMethod = methodWith(rule, GetBookRequestSchema, BookSchema, {
  serverStreaming: true,
}) as DescMethodServerStreaming<typeof GetBookRequestSchema, typeof BookSchema>;

export const bookMethod = methodWith(rule, GetBookRequestSchema, BookSchema) as DescMethodUnary<
  typeof GetBookRequestSchema,
  typeof BookSchema
>;

/** How a body comes: the server writes each message by itself, as a gateway does, or many at once, as through a proxy. */
export type Framing = "each" | "many";

/** The number of messages in a block, which the server writes again and again. */
export const BLOCK = 500;

/** Different messages of about 100 bytes of JSON. */
export const books: readonly Book[] = Array.from({ length: BLOCK }, (_, i) =>
  create(BookSchema, {
    name: `shelves/fiction/books/${i + 100}`,
    title: `The Left Hand of Dark ${i + 100}`,
    isbn: 9_780_441_478_125n + BigInt(i),
    pageCount: 300 + i,
  }),
);

export const bookJsons: readonly string[] = books.map((book) => toJsonString(BookSchema, book));

const pagesOfBlock = books.reduce((sum, { pageCount }) => sum + pageCount, 0);

/** Checks what a stream of this many messages came to, so that each way has to decode them. */
export function checkPages(pages: number, messages: number): void {
  if (pages !== (pagesOfBlock * messages) / BLOCK) throw new Error("wrong messages");
}

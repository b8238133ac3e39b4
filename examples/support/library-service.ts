import { create, type MessageShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImplementation, StatusError } from "bytenite-jobs/testing";
import {
  type Book,
  type BookFilter,
  BookSchema,
  type LibraryService,
  type UpdateBookRequest,
} from "../gen/library/v1/library_pb.js";

/** A library that keeps its books in memory: what the example's server does behind its routes. */
export function libraryService(): ServiceImplementation<typeof LibraryService> {
  const books = new Map<string, Book>();

  const find = (name: string): Book => {
    const book = books.get(name);
    if (book === undefined) throw new StatusError(Code.NotFound, `there is no ${name}`);
    return book;
  };

  const put = (book: Book): Book => {
    books.set(book.name, book);
    return book;
  };

  const changed = ({ book, updateMask }: UpdateBookRequest): Book => {
    if (book === undefined) throw new StatusError(Code.InvalidArgument, "book is missing");
    const copy: MessageShape<typeof BookSchema> = { ...find(book.name) };
    for (const path of updateMask?.paths ?? []) {
      const field = BookSchema.fields.find(({ name }) => name === path);
      if (field === undefined) throw new StatusError(Code.InvalidArgument, `a book has no ${path}`);
      Object.assign(copy, { [field.localName]: book[field.localName as keyof Book] });
    }
    return copy;
  };

  return {
    getBook: ({ name }) => find(name),

    listBooks: ({ parent, pageSize, pageToken, filter }) => {
      const all = [...books.values()]
        .filter((book) => book.name.startsWith(`${parent}/`) && passes(book, filter))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const start = Number(pageToken || "0");
      const end = start + (pageSize || 10);
      return { books: all.slice(start, end), nextPageToken: end < all.length ? String(end) : "" };
    },

    createBook: ({ parent, bookId, book }) => {
      const name = `${parent}/books/${bookId}`;
      if (books.has(name)) throw new StatusError(Code.AlreadyExists, `${name} stands there already`);
      return put({ ...create(BookSchema, book), name });
    },

    updateBook: (request) => put(changed(request)),

    // All are checked before one is put back.
    batchUpdateBooks: ({ requests }) => ({ books: requests.map(changed).map(put) }),

    checkOutBook: ({ name, reader }) => {
      const book = find(name);
      if (book.reader !== "") throw new StatusError(Code.FailedPrecondition, `${book.reader} has it`);
      return put({ ...book, reader });
    },

    deleteBook: ({ name }) => {
      books.delete(find(name).name);
      return {};
    },
  };
}

function passes(book: Book, filter: BookFilter | undefined): boolean {
  if (filter === undefined) return true;
  const { genres, publishedSince, available } = filter;
  if (genres.length > 0 && !genres.includes(book.genre)) return false;
  if (publishedSince !== undefined) {
    if (book.published === undefined || timestampMs(book.published) < timestampMs(publishedSince))
      return false;
  }
  return available === undefined || available === (book.reader === "");
}

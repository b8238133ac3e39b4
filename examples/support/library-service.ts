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

/** The library of the example, with its books in memory. */
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

  const update = ({ book, updateMask }: UpdateBookRequest): Book => {
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
        .filter((book) => book.name.startsWith(`${parent}/`) && matches(book, filter))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const start = Number(pageToken || "0");
      const end = start + (pageSize || 10);
      return { books: all.slice(start, end), nextPageToken: end < all.length ? String(end) : "" };
    },

    createBook: ({ parent, bookId, book }) => {
      const name = `${parent}/books/${bookId}`;
      if (books.has(name)) throw new StatusError(Code.AlreadyExists, `${name} already exists`);
      return put({ ...create(BookSchema, book), name });
    },

    updateBook: (request) => put(update(request)),

    // Updates all before it stores the first one.
    batchUpdateBooks: ({ requests }) => ({ books: requests.map(update).map(put) }),

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

function matches(book: Book, filter: BookFilter | undefined): boolean {
  if (filter === undefined) return true;
  const { genres, publishedSince, available } = filter;
  if (genres.length > 0 && !genres.includes(book.genre)) return false;
  if (publishedSince !== undefined) {
    if (book.published === undefined || timestampMs(book.published) < timestampMs(publishedSince))
      return false;
  }
  return available === undefined || available === (book.reader === "");
}

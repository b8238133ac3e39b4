// Another annotated service: the library of examples/proto, behind a real gateway.
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { BookSchema, Genre } from "../../examples/gen/library/v1/library_pb.js";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { encodings, startPeer } from "./support/peer.ts";

const published = timestampFromDate(new Date("1815-12-23T00:00:00.123Z"));
const emma = {
  title: "Emma",
  authors: ["Jane Austen"],
  genre: Genre.FICTION,
  isbn: 9780141439587n,
  published,
};

describe.each(encodings)("the library in %s", (encoding) => {
  test("every rpc works, and the backend receives the request unchanged", async () => {
    const { gateway, library } = await startPeer();
    const client = library({ encoding });
    const created = await client.createBook({ parent: "shelves/1", bookId: "emma", book: emma });
    const whole = create(BookSchema, { ...emma, name: "shelves/1/books/emma" });
    expect(created).toEqual(whole);
    expect(await client.getBook({ name: whole.name })).toEqual(whole);
    const updateMask = { paths: ["title", "authors"] };
    const updated = await client.updateBook({
      book: { name: whole.name, title: "Emma 2", isbn: 1n },
      updateMask,
    });
    expect(updated).toEqual(create(BookSchema, { ...whole, title: "Emma 2", authors: [] }));
    const lent = await client.checkOutBook({ name: whole.name, reader: "Ada & Eve", days: 0 });
    expect(lent.reader).toBe("Ada & Eve");
    expect(await client.deleteBook({ name: whole.name })).toMatchObject({
      $typeName: "google.protobuf.Empty",
    });
    expect(await caught(client.getBook({ name: whole.name }))).toMatchObject({
      code: Code.NotFound,
      status: 404,
      outcome: "rejected",
    });

    const book = {
      title: "Emma",
      authors: ["Jane Austen"],
      genre: "GENRE_FICTION",
      isbn: "9780141439587",
      published: "1815-12-23T00:00:00.123Z",
    };
    expect((await gateway.calls()).map(({ rpc, request }) => [rpc.split("/")[1], request])).toEqual([
      ["CreateBook", { parent: "shelves/1", bookId: "emma", book }],
      ["GetBook", { name: whole.name }],
      ["UpdateBook", { book: { name: whole.name, title: "Emma 2", isbn: "1" }, updateMask: "title,authors" }],
      ["CheckOutBook", { name: whole.name, reader: "Ada & Eve", days: 0 }],
      ["DeleteBook", { name: whole.name }],
      ["GetBook", { name: whole.name }],
    ]);
  });

  test("pages and filters go in the query", async () => {
    const { gateway, library } = await startPeer();
    const client = library({ encoding });
    for (const bookId of ["a", "b", "c"]) {
      const genre = bookId === "b" ? Genre.HISTORY : Genre.SCIENCE;
      await client.createBook({ parent: "shelves/1", bookId, book: { genre, published } });
    }
    await gateway.clear();
    const filter = { genres: [Genre.SCIENCE, Genre.FICTION], publishedSince: published, available: true };
    const first = await client.listBooks({ parent: "shelves/1", pageSize: 1, filter });
    expect(first.books.map(({ name }) => name)).toEqual(["shelves/1/books/a"]);
    const second = await client.listBooks({ parent: "shelves/1", filter, pageToken: first.nextPageToken });
    expect(second.books.map(({ name }) => name)).toEqual(["shelves/1/books/c"]);
    expect(second.nextPageToken).toBe("");
    const none = await client.listBooks({ parent: "shelves/1", filter: { available: false } });
    expect(none.books).toEqual([]);

    const seen = {
      genres: ["GENRE_SCIENCE", "GENRE_FICTION"],
      publishedSince: "1815-12-23T00:00:00.123Z",
      available: true,
    };
    expect((await gateway.calls()).map(({ request }) => request)).toEqual([
      { parent: "shelves/1", pageSize: 1, filter: seen },
      { parent: "shelves/1", pageToken: first.nextPageToken, filter: seen },
      { parent: "shelves/1", filter: { available: false } },
    ]);
  });

  test("a field mask of two words reaches the backend, in a query and in a body", async () => {
    const { gateway, library } = await startPeer();
    const client = library({ encoding });
    const { name } = await client.createBook({ parent: "shelves/1", bookId: "emma", book: emma });
    await gateway.clear();
    const request = {
      book: { name, title: "not in it", pageCount: 474 },
      updateMask: { paths: ["page_count"] },
    };
    const changed = create(BookSchema, { ...emma, name, pageCount: 474 });
    expect(await client.updateBook(request)).toEqual(changed);
    const { books } = await client.batchUpdateBooks({ parent: "shelves/1", requests: [request] });
    expect(books).toEqual([changed]);
    // The JSON form, as the backend writes it.
    const seen = { book: request.book, updateMask: "pageCount" };
    expect((await gateway.calls()).map(({ request }) => request)).toEqual([
      seen,
      { parent: "shelves/1", requests: [seen] },
    ]);
  });

  test("a gateway does not convert a field mask in camelCase", async () => {
    const { gateway, library } = await startPeer();
    const client = library({ encoding, queryFieldMask: "camelCase" });
    const { name } = await client.createBook({ parent: "shelves/1", bookId: "emma", book: emma });
    await gateway.clear();
    const request = { book: { name, pageCount: 474 }, updateMask: { paths: ["page_count"] } };
    // The backend's mask is not in snake_case, so it has no JSON form.
    const error = await caught(client.updateBook(request));
    expect(error.reason).toContain('FieldMask.paths contains irreversible value "pageCount"');
    const { books } = await client.batchUpdateBooks({ parent: "shelves/1", requests: [request] });
    expect(books[0]?.pageCount).toBe(474);
  });

  test("64-bit integers keep all digits, at their limits", async () => {
    const { gateway, library } = await startPeer();
    const client = library({ encoding });
    const limits = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, -1n];
    for (const [i, isbn] of limits.entries()) {
      const book = await client.createBook({ parent: "shelves/1", bookId: `${i}`, book: { isbn } });
      expect(book.isbn).toBe(isbn);
      expect((await client.getBook({ name: book.name })).isbn).toBe(isbn);
    }
    const created = (await gateway.calls()).filter(({ rpc }) => rpc.endsWith("CreateBook"));
    expect(created.map(({ request }) => (request as { book: { isbn: string } }).book.isbn)).toEqual(
      limits.map(String),
    );
  });
});

test.each(encodings)("a job's limits keep all digits in %s", async (encoding) => {
  const { gateway, jobs } = await startPeer();
  const client = jobs({ encoding });
  await client.run("job-1", { taskTimeout: 2n ** 63n - 1n, jobTimeout: Number.MAX_SAFE_INTEGER });
  await client.run("job-1", { taskTimeout: 0, isTestJob: false });
  await client.run("job-1");
  const limits = { taskTimeout: "9223372036854775807", jobTimeout: "9007199254740991" };
  expect((await gateway.calls()).map(({ request }) => request)).toEqual([
    { jobId: "job-1", config: limits },
    { jobId: "job-1", config: {} },
    { jobId: "job-1" },
  ]);
});

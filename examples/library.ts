// Calls another service than ByteNite's: a small library, by the routes in its .proto file, in binary and in JSON.
// `npm run example:library` runs it.
import { isDeepStrictEqual } from "node:util";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { startServer } from "bytenite-jobs/testing";
import { Code, createClient, createRestTransport, paginate, RpcError } from "bytenite-jobs/transport";
import { Genre, LibraryService } from "./gen/library/v1/library_pb.js";
import { libraryService } from "./support/library-service.ts";

/** Calls the library, and returns the results for the comparison of the encodings. */
async function visit(encoding: "protobuf" | "json") {
  await using server = await startServer(LibraryService, libraryService());
  await using transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
  const library = createClient(LibraryService, transport);

  // POST /v1/shelves/old/books?bookId=…, with the book as the body.
  for (const [bookId, title, genre, year] of [
    ["origin", "On the Origin of Species", Genre.SCIENCE, 1859],
    ["decline", "Decline and Fall", Genre.HISTORY, 1776],
    ["emma", "Emma", Genre.FICTION, 1815],
    ["logic", "The Laws of Thought", Genre.SCIENCE, 1854],
  ] as const) {
    const published = timestampFromDate(new Date(Date.UTC(year, 0)));
    await library.createBook({ parent: "shelves/old", bookId, book: { title, genre, published } });
  }

  // GET /v1/shelves/old/books/emma
  const emma = await library.getBook({ name: "shelves/old/books/emma" });

  // GET /v1/shelves/old/books?pageSize=1&filter.genres=GENRE_SCIENCE&filter.available=true, page by page.
  const science: string[] = [];
  const filter = { genres: [Genre.SCIENCE], available: true };
  for await (const { title } of paginate(library.listBooks, { parent: "shelves/old", pageSize: 1, filter })) {
    science.push(title);
  }

  // PATCH /v1/shelves/old/books/emma?updateMask=authors,page_count: the name goes in the path, the rest in the body.
  const updated = await library.updateBook({
    book: { name: emma.name, authors: ["Jane Austen"], pageCount: 474, title: "not in the mask" },
    updateMask: { paths: ["authors", "page_count"] },
  });

  // POST /v1/shelves/old/books/emma:checkOut
  const lent = await library.checkOutBook({ name: emma.name, reader: "Ada", days: 14 });
  const refused = await library
    .checkOutBook({ name: emma.name, reader: "Bob" })
    .catch((error: unknown) => error);
  if (!(refused instanceof RpcError) || refused.code !== Code.FailedPrecondition) {
    throw new Error("the book was lent twice", { cause: refused });
  }

  // DELETE /v1/shelves/old/books/emma
  await library.deleteBook({ name: emma.name });

  const lines = server.requests.map(
    ({ method, path, status, requestBytes, responseBytes }) =>
      `${String(status)}  ${method.padEnd(6)} ${path}  ${requestBytes.length} -> ${responseBytes.length} bytes`,
  );
  console.log(`${encoding === "protobuf" ? "In binary" : "In JSON"}\n  ${lines.join("\n  ")}\n`);
  return { emma, science, updated, lent, refused: refused.reason };
}

const binary = await visit("protobuf");
const json = await visit("json");
console.log("results:", binary);
if (!isDeepStrictEqual(binary, json)) {
  console.error("but in JSON:", json);
  process.exitCode = 1;
}

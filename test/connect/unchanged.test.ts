// A program for Connect works over REST unchanged. It runs over Connect's own transport to a Connect server, and over this
// library's transport to a server with google.api.http routes. Both servers do the same.
import { create, createRegistry } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import {
  type Client,
  Code,
  ConnectError,
  createClient,
  type HandlerContext,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";
import { expect, onTestFinished, test } from "vitest";
import {
  type Book,
  Genre,
  type GetBookRequest,
  LibraryService,
} from "../../examples/gen/library/v1/library_pb.js";
import { createRestTransport } from "../../src/connect/index.ts";
import { StatusError, startServer } from "../../src/testing/index.ts";
import { httpServer } from "../support/loopback.ts";

/** The handler of both servers. */
function getBook(
  { name }: GetBookRequest,
  reader: string | undefined,
  fail: (code: number, message: string) => Error,
) {
  const id = name.split("/").at(-1) ?? "";
  if (id.startsWith("code-")) throw fail(Number(id.slice(5)), `no, says ${id}`);
  return { name, title: `read by ${reader}`, genre: Genre.FICTION, isbn: 9_780_141_439_587n };
}

const hint = create(StringValueSchema, { value: "ask at the desk" });
const registry = createRegistry(StringValueSchema);

const transports: Record<string, (interceptors: Interceptor[]) => Promise<Transport>> = {
  "Connect's own": async (interceptors) => {
    const listener = connectNodeAdapter({
      interceptors: [],
      routes: (router) => {
        router.service(LibraryService, {
          getBook: (request, { requestHeader }: HandlerContext) =>
            getBook(request, requestHeader.get("x-reader") ?? undefined, (code, message) => {
              return new ConnectError(message, code, undefined, [{ desc: StringValueSchema, value: hint }]);
            }),
        });
      },
    });
    const { origin } = await httpServer(listener);
    return createConnectTransport({
      baseUrl: origin,
      httpVersion: "1.1",
      useBinaryFormat: true,
      interceptors,
    });
  },
  ours: async (interceptors) => {
    const server = await startServer(
      LibraryService,
      {
        getBook: (request, { headers }) =>
          getBook(request, headers["x-reader"] as string | undefined, (code, message) => {
            return new StatusError(code, message, { details: [hint] });
          }),
      },
      { registry },
    );
    onTestFinished(() => server.close());
    const transport = createRestTransport({ baseUrl: server.baseUrl, retry: false, interceptors });
    onTestFinished(() => transport.close());
    return transport;
  },
};

/** A program that knows nothing of transports. */
async function read(library: Client<typeof LibraryService>, id: string): Promise<Book | string> {
  try {
    return await library.getBook(
      { name: `shelves/1/books/${id}` },
      { headers: { "x-reader": "Ada" }, timeoutMs: 5_000 },
    );
  } catch (error) {
    const { code, rawMessage, message } = ConnectError.from(error);
    const hints = ConnectError.from(error).findDetails(StringValueSchema);
    return JSON.stringify({ code: Code[code], rawMessage, message, hints: hints.map(({ value }) => value) });
  }
}

/** An interceptor that counts, and retries once if the server is busy. */
function counting(counts: Record<string, number>): Interceptor {
  return (next) => async (request) => {
    const count = (what: string) => {
      counts[what] = (counts[what] ?? 0) + 1;
    };
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await next(request);
        count("OK");
        return response;
      } catch (error) {
        const { code } = ConnectError.from(error);
        count(Code[code]);
        if (code !== Code.ResourceExhausted || attempt === 2) throw error;
      }
    }
  };
}

test("clients, errors and interceptors work alike over both transports", async () => {
  const codes = Object.values(Code).filter((code) => typeof code === "number");
  const ids = ["2", "caf\u00e9 & co", ...codes.map((code) => `code-${code}`)];
  const results: Record<string, unknown> = {};
  for (const [name, connect] of Object.entries(transports)) {
    const counts: Record<string, number> = {};
    const library = createClient(LibraryService, await connect([counting(counts)]));
    const outcomes: (Book | string)[] = [];
    for (const id of ids) outcomes.push(await read(library, id));
    const cancelled = await library
      .getBook({ name: "shelves/1/books/2" }, { signal: AbortSignal.abort() })
      .catch((error: unknown) => ConnectError.from(error).code);
    results[name] = { outcomes, counts, cancelled };
  }
  expect(results.ours).toEqual(results["Connect's own"]);
  const { outcomes, counts, cancelled } = results.ours as Record<string, unknown[]>;
  expect(outcomes).toHaveLength(ids.length);
  expect(outcomes?.[0]).toMatchObject({ title: "read by Ada", isbn: 9_780_141_439_587n });
  expect(JSON.parse(String(outcomes?.[ids.indexOf("code-5")]))).toEqual({
    code: "NotFound",
    rawMessage: "no, says code-5",
    message: "[not_found] no, says code-5",
    hints: ["ask at the desk"],
  });
  expect(counts).toMatchObject({ OK: 2, NotFound: 1, ResourceExhausted: 2 });
  expect(cancelled).toBe(Code.Canceled);
});

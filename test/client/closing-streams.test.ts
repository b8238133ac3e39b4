import { expect, onTestFinished, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { Code, createRestTransport, type Interceptor } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";

const method = methodWith(httpRule("POST /v1 body:*"), BookSchema, BookSchema, { clientStreaming: true });

async function* endless() {
  yield { title: "first" };
  await new Promise(() => undefined);
}

test("close() ends a call whose requests never end", async () => {
  const { origin } = await scriptedServer("hang");
  const transport = createRestTransport({ baseUrl: origin });
  onTestFinished(() => transport.close());
  const call = caught(transport.stream(method as never, endless()));
  await transport.close();
  expect(await call).toMatchObject({ code: Code.Cancelled, reason: "the transport was closed" });
});

test("a deadline within a stream says that the stream did not end", async () => {
  const list = methodWith(httpRule("GET /v1"), BookSchema, BookSchema, { serverStreaming: true });
  const { httpServer } = await import("../support/loopback.ts");
  const { origin } = await httpServer((_req, res) => {
    res.writeHead(200, { "content-type": "application/json" });
    res.write('{"result":{"title":"first"}}\n');
  });
  const transport = createRestTransport({ baseUrl: origin });
  onTestFinished(() => transport.close());
  const { message } = await transport.stream(list as never, [{}], { timeoutMs: 200 });
  const titles: unknown[] = [];
  const read = async () => {
    for await (const book of message) titles.push(book);
  };
  const error = await caught(read());
  expect(titles).toMatchObject([{ title: "first" }]);
  expect(error).toMatchObject({
    code: Code.DeadlineExceeded,
    outcome: "unknown",
    reason: "the stream did not end within 200 ms",
  });
});

test("a request that an interceptor puts into a stream is validated", async () => {
  const server = await scriptedServer("hang");
  const adding: Interceptor = (next) => async (request) =>
    request.stream
      ? next({
          ...request,
          message: (async function* () {
            yield { titel: "no" } as never;
          })(),
        })
      : next(request);
  const transport = createRestTransport({ baseUrl: server.origin, interceptors: [adding] });
  onTestFinished(() => transport.close());
  const error = await caught(transport.stream(method as never, [{ title: "yes" }]));
  expect(error).toMatchObject({ code: Code.InvalidArgument });
  expect(error.reason).toContain("titel is not a field of library.v1.Book");
});

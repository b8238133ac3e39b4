import { expect, onTestFinished, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { Code, createRestTransport, RpcError } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";

const list = methodWith(httpRule("GET /v1"), BookSchema, BookSchema, { serverStreaming: true }) as never;
const get = methodWith(httpRule("GET /v1"), BookSchema, BookSchema) as never;

async function transportTo(response: Scripted) {
  const { origin } = await scriptedServer(response);
  const transport = createRestTransport({ baseUrl: origin, retry: false });
  onTestFinished(() => transport.close());
  return transport;
}

async function endOf(response: Scripted): Promise<RpcError> {
  const { message } = await (await transportTo(response)).stream(list, [{}]);
  const read = async () => {
    for await (const _message of message);
  };
  return caught(read());
}

test("an error after a result that is null is an error", async () => {
  const body = '{"result":null,"error":{"code":5,"message":"gone","details":[]}}\n';
  const error = await endOf({ headers: { "content-type": "application/json" }, body });
  expect(error).toMatchObject({ code: Code.NotFound, reason: "gone", outcome: "unknown" });
});

test.each([
  ["an empty page of an intermediary", "text/html", ""],
  ["a page of an intermediary", "text/html; charset=utf-8", "<html>"],
  ["a response of several media types", "text/html, application/json", "{}"],
  ["a response of several media types in two headers", ["application/json", "text/html"], "{}"],
])("%s is no stream, as it is no single response", async (_what, contentType, body) => {
  const transport = await transportTo({ headers: { "content-type": contentType }, body });
  for (const call of [() => transport.stream(list, [{}]), () => transport.unary(get, {})]) {
    const error = await caught(call());
    expect(error).toMatchObject({ code: Code.DataLoss, outcome: "unknown" });
    expect(error.reason).toContain(`its content-type is ${[contentType].flat().join(", ")}`);
  }
});

test.each([
  ["application/json", "application/json; charset=utf-8"],
  ['application/json; note="a, text/html"'],
])("a response whose media type is repeated is a stream: %s", async (...contentType) => {
  const transport = await transportTo({ headers: { "content-type": contentType }, body: '{"title":"a"}' });
  const { message } = await transport.stream(list, [{}]);
  const titles: string[] = [];
  for await (const each of message) titles.push((each as { title?: string }).title ?? "");
  expect(titles).toEqual(["a"]);
});

test.each([
  [new Error("no token"), Code.Unknown, "the stream of requests failed: no token"],
  [
    new RpcError({ code: Code.Unauthenticated, reason: "sign in", outcome: "unknown" }),
    Code.Unauthenticated,
    "sign in",
  ],
])("what the only request throws keeps its code: %s", async (thrown, code, reason) => {
  const transport = await transportTo("hang");
  // biome-ignore lint/correctness/useYield: it throws instead
  const requests = async function* () {
    throw thrown;
  };
  const error = await caught(transport.stream(list, requests()));
  expect(error).toMatchObject({ code, reason, outcome: "not_sent" });
});

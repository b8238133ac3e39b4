import { create, type DescMessage } from "@bufbuild/protobuf";
import {
  EmptySchema,
  StringValueSchema,
  StructSchema,
  TimestampSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { Code, createClient, createRestTransport } from "../../src/transport.ts";
import { PlainLeafSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";

test.each<[DescMessage, string, object]>([
  [StringValueSchema, '"a"', { value: "a" }],
  [TimestampSchema, '"1970-01-01T00:00:01Z"', { seconds: 1n }],
  [StructSchema, '{"result":"a"}', { fields: { result: { kind: { case: "stringValue", value: "a" } } } }],
])("%s is read from a result, and as it is", async (output, json, message) => {
  const messages = await streamOf(output, `{"result":${json}}\n${json}\n`);
  expect(messages).toMatchObject([message, message]);
});

test.each<[string, object]>([
  ["null", { case: "nullValue" }],
  ["5", { case: "numberValue", value: 5 }],
  ["[]", { case: "listValue" }],
  ['{"result":5}', { case: "structValue", value: { fields: { result: { kind: { value: 5 } } } } }],
])("a google.protobuf.Value that is %s is read from a result", async (json, kind) => {
  expect(await streamOf(ValueSchema, `{"result":${json}}\n`)).toMatchObject([{ kind }]);
});

test.each<[DescMessage]>([[BookSchema], [EmptySchema], [StringValueSchema]])(
  "a result that is null is no %s",
  async (output) => {
    const error = await caught(streamOf(output, '{"result":null}\n'));
    expect(error).toMatchObject({ code: Code.DataLoss, outcome: "unknown" });
  },
);

test("a result that is null is an empty list of a response_body, as Go writes it", async () => {
  const rule = httpRule("GET /v1 response_body:authors");
  expect(await streamOf(BookSchema, '{"result":null}\n', rule)).toMatchObject([{ authors: [] }]);
});

test.each([
  ["an envelope", '{"result":{"id":"a"}}'],
  ["spaces", ' { "result" : { "id" : "a" } } '],
  ["a message by itself", '{"id":"a"}'],
  ["an unknown field", '{"result":{"newer":[{"id":"b"}],"id":"a","error":1}}'],
  ["another key beside the result", '{"id":"b","result":{"id":"a"}}'],
  ["another key after the result", '{"result":{"id":"a"},"id":"b"}'],
  ["escapes", '{"r\\u0065sult":{"i\\u0064":"\\u0061"}}'],
])("a message with %s", async (_what, json) => {
  const message = create(PlainLeafSchema, { id: "a" });
  expect(await streamOf(PlainLeafSchema, `${json}\n${json}${json}`)).toEqual([message, message, message]);
});

/** The messages of a stream with this body. */
async function streamOf(output: DescMessage, body: string, rule = httpRule("GET /v1")): Promise<unknown[]> {
  const { origin } = await scriptedServer({ headers: { "content-type": "application/json" }, body });
  const transport = createRestTransport({ baseUrl: origin });
  onTestFinished(() => transport.close());
  const method = methodWith(rule, StructSchema, output, { serverStreaming: true });
  const client = createClient(method.parent, transport) as unknown as {
    call(request: object): AsyncIterable<unknown>;
  };
  const messages: unknown[] = [];
  for await (const each of client.call({})) messages.push(each);
  return messages;
}

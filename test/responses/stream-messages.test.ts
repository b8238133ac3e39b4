import { create, type DescMessage } from "@bufbuild/protobuf";
import { StringValueSchema, StructSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { PlainLeafSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { scriptedServer } from "../support/scripted-server.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";

/** The messages of a stream of these, after which a client has nothing more to wait for. */
async function messagesIn(output: DescMessage, body: string): Promise<unknown[]> {
  const { origin } = await scriptedServer({ headers: { "content-type": "application/json" }, body });
  const transport = createRestTransport({ baseUrl: origin });
  onTestFinished(() => transport.close());
  const method = methodWith(httpRule("GET /v1"), StructSchema, output, { serverStreaming: true });
  const client = createClient(method.parent, transport) as unknown as {
    call(request: object): AsyncIterable<unknown>;
  };
  const messages: unknown[] = [];
  for await (const each of client.call({})) messages.push(each);
  return messages;
}

test.each<[DescMessage, string, object]>([
  [StringValueSchema, '"a"', { value: "a" }],
  [TimestampSchema, '"1970-01-01T00:00:01Z"', { seconds: 1n }],
  [StructSchema, '{"result":"a"}', { fields: { result: { kind: { case: "stringValue", value: "a" } } } }],
])("%s is read from a result, and as it is", async (output, json, message) => {
  expect(await messagesIn(output, `{"result":${json}}\n${json}\n`)).toMatchObject([message, message]);
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
  expect(await messagesIn(PlainLeafSchema, `${json}\n${json}${json}`)).toEqual([message, message, message]);
});

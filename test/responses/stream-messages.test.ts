import type { DescMessage } from "@bufbuild/protobuf";
import { StringValueSchema, StructSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";

test.each<[DescMessage, string, object]>([
  [StringValueSchema, '"a"', { value: "a" }],
  [TimestampSchema, '"1970-01-01T00:00:01Z"', { seconds: 1n }],
  [StructSchema, '{"result":"a"}', { fields: { result: { kind: { case: "stringValue", value: "a" } } } }],
])("%s is read from a result, and as it is", async (output, json, message) => {
  const body = `{"result":${json}}\n${json}\n`;
  const { origin } = await scriptedServer({ headers: { "content-type": "application/json" }, body });
  const transport = createRestTransport({ baseUrl: origin });
  onTestFinished(() => transport.close());
  const method = methodWith(httpRule("GET /v1"), StructSchema, output, { serverStreaming: true });
  const client = createClient(method.parent, transport) as unknown as {
    call(request: object): AsyncIterable<unknown>;
  };
  const messages: unknown[] = [];
  for await (const each of client.call({})) messages.push(each);
  expect(messages).toMatchObject([message, message]);
});

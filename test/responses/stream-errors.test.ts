import { StructSchema } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { Code, createRestTransport } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";

async function errorAfter(output: typeof BookSchema, item: string) {
  const { origin } = await scriptedServer({ headers: { "content-type": "application/json" }, body: item });
  const transport = createRestTransport({ baseUrl: origin });
  onTestFinished(() => transport.close());
  const method = methodWith(httpRule("GET /v1"), StructSchema, output, { serverStreaming: true });
  const { message } = await transport.stream(method as never, [{}]);
  return caught(
    (async () => {
      for await (const _ of message);
    })(),
  );
}

// None of these is a book without a title.
test.each([
  ['{"error":{"code":13,"message":"broken"},"result":null}', Code.Internal, "broken"],
  ['{"error":{"code":13,"message":"broken"},"id":1}', Code.Internal, "broken"],
  ['{"error":{}}', Code.Unknown, "the server gave no reason"],
  ['{"error":500}', Code.Unknown, "the server gave no reason"],
])("%s ends a stream as an error", async (item, code, reason) => {
  expect(await errorAfter(BookSchema, item)).toMatchObject({ code, reason, outcome: "unknown" });
});

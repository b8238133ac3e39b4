import { createRegistry } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { requestMessages } from "../../src/client/request-messages.ts";
import { RequestStream } from "../../src/client/request-stream.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";

const collect = methodWith(httpRule("POST /v1 body:*"), BookSchema, BookSchema, { clientStreaming: true });

test("the event loop has its turns while messages are there at once", async () => {
  const books = Array.from({ length: 1000 }, () => ({ title: "a" }));
  const messages = requestMessages(collect, books);
  const stream = new RequestStream(messages, BookSchema, { registry: createRegistry() });
  setImmediate(() => stream.end(true));
  let count = 0;
  for await (const _ of stream) count++;
  expect(count).toBeLessThan(100);
});

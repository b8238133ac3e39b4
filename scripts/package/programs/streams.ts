// Reads streamed responses with createClient, from the embedded server. Prints a line for each step that succeeded.
import assert from "node:assert/strict";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { Code, StatusError, startServer } from "bytenite-jobs/testing";
import { createClient, createRestTransport, RpcError } from "bytenite-jobs/transport";

interface Text {
  readonly value: string;
}

async function main(): Promise<void> {
  const text = ".google.protobuf.StringValue";
  const file = create(FileDescriptorProtoSchema, {
    name: "example.proto",
    package: "example",
    dependency: ["google/protobuf/wrappers.proto"],
    service: [
      {
        name: "Logs",
        method: [{ name: "Follow", inputType: text, outputType: text, serverStreaming: true }],
      },
    ],
  });
  const service = createFileRegistry(file, () => StringValueSchema.file).getService("example.Logs");
  assert(service !== undefined);
  const httpRules = [{ selector: "example.Logs.Follow", get: "/logs/{value}" }];
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  await using server = await startServer(
    service,
    {
      async *follow({ value }: Text, { signal }: { readonly signal: AbortSignal }) {
        yield { value: `${value} 1` };
        yield { value: `${value} 2` };
        if (value === "fails") throw new StatusError(Code.Aborted, "the log is gone");
        if (value !== "endless") return;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        leave();
      },
    } as never,
    { httpRules },
  );
  await using transport = createRestTransport({ baseUrl: server.baseUrl, httpRules });
  const { follow } = createClient(service, transport) as unknown as {
    follow(request: Text): AsyncIterable<Text>;
  };

  const read: string[] = [];
  async function lineOfTheCaller(value: string): Promise<void> {
    for await (const message of follow({ value })) {
      read.push(message.value);
      if (read.length === 2 && value === "endless") break;
    }
  }
  await lineOfTheCaller("ends");
  assert.deepEqual(read.splice(0), ["ends 1", "ends 2"]);
  console.log("a stream to its end");

  const error: unknown = await lineOfTheCaller("fails").catch((reason: unknown) => reason);
  assert(error instanceof RpcError);
  assert.equal(error.code, Code.Aborted);
  assert.equal(error.reason, "the log is gone");
  assert.match(error.stack ?? "", /lineOfTheCaller .*streams\.js/);
  assert.deepEqual(read.splice(0), ["fails 1", "fails 2"]);
  console.log("a stream that fails");

  await lineOfTheCaller("endless");
  assert.deepEqual(read, ["endless 1", "endless 2"]);
  await left;
  console.log("a stream that is left");
}

main();

// Uses `bytenite-jobs/transport` with its own service, over HTTP/1.1. Prints a line for each step that succeeded.
import assert from "node:assert/strict";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Customer, RunJobRequestSchema } from "bytenite-jobs";
import { startServer } from "bytenite-jobs/testing";
import {
  Code,
  codeName,
  createClient,
  createRestTransport,
  HttpRuleError,
  type Interceptor,
  pages,
  paginate,
  RpcError,
} from "bytenite-jobs/transport";

async function main(): Promise<void> {
  await using server = await startServer(Customer, {
    runJob: ({ jobId, config }) => ({ ok: true, message: `${jobId} for ${config?.taskTimeout ?? 0n} s` }),
  });
  const seen: string[] = [];
  const note: Interceptor = (next) => async (request) => {
    const response = await next(request);
    seen.push(`${request.method.name} ${response.status}`);
    return response;
  };

  for (const encoding of ["protobuf", "json"] as const) {
    await using transport = createRestTransport({ baseUrl: server.baseUrl, encoding, interceptors: [note] });
    const customer = createClient(Customer, transport);
    const response = await customer.runJob({ jobId: "a b/c", config: { taskTimeout: 60n } });
    assert.equal(response.message, "a b/c for 60 s");

    const message = create(RunJobRequestSchema, { jobId: "job-1" });
    const whole = await transport.unary(Customer.method.runJob, message);
    assert.equal(whole.status, 200);
    assert.equal(whole.attempts, 1);
    console.log(`createClient and unary in ${encoding}`);

    const error: unknown = await customer.abortJob({ jobId: "job-1" }).catch((reason: unknown) => reason);
    assert(error instanceof RpcError);
    assert.equal(codeName(error.code), "Unimplemented");
    assert.equal(error.code, Code.Unimplemented);
    assert.equal(error.status, 501);
    console.log(`Unimplemented in ${encoding}`);
  }
  assert.deepEqual(seen, ["RunJob 200", "RunJob 200", "RunJob 200", "RunJob 200"]);

  await using transport = createRestTransport({ baseUrl: server.baseUrl });
  const file = create(FileDescriptorProtoSchema, {
    name: "example.proto",
    package: "example",
    syntax: "proto3",
    messageType: [{ name: "Nothing" }],
    service: [
      {
        name: "Plain",
        method: [{ name: "Call", inputType: ".example.Nothing", outputType: ".example.Nothing" }],
      },
    ],
  });
  const plain = createFileRegistry(file, () => undefined).getService("example.Plain");
  assert(plain !== undefined);
  const client = createClient(plain, transport) as Record<string, (request: object) => Promise<unknown>>;
  await assert.rejects(
    async () => client.call?.({}),
    (error) =>
      error instanceof RpcError &&
      error.code === Code.Unimplemented &&
      error.outcome === "not_sent" &&
      error.cause instanceof HttpRuleError &&
      error.cause.problems[0]?.method === "example.Plain/Call",
  );
  console.log("a method without an http rule is Unimplemented when it is called");

  const { runJob } = createClient(Customer, transport);
  for (const refused of [paginate(runJob as never, {} as never), pages(runJob as never, {} as never)]) {
    await assert.rejects(
      async () => refused.next(),
      (error) => error instanceof RpcError && error.code === Code.InvalidArgument,
    );
  }
  console.log("paginate and pages refuse a method that is not a list");
}

main();

// Uses `bytenite-jobs/connect` with a client and an interceptor of @connectrpc/connect. Prints a line for each step that
// succeeded.
import assert from "node:assert/strict";
import { Code, ConnectError, createClient, createContextValues, type Interceptor } from "@connectrpc/connect";
import { Customer } from "bytenite-jobs";
import {
  createRestTransport,
  type RestConnectTransport,
  restCallOptions,
  rpcErrorOf,
} from "bytenite-jobs/connect";
import { StatusError, startServer } from "bytenite-jobs/testing";

async function main(): Promise<void> {
  const server = await startServer(Customer, {
    runJob: ({ jobId }) => {
      if (jobId !== "job-1") throw new StatusError(Code.NotFound, "no such job");
      return { ok: true, requestId: "req-1" };
    },
  });
  const seen: string[] = [];
  const note: Interceptor = (next) => async (request) => {
    seen.push(`${request.requestMethod} ${new URL(request.url).pathname}`);
    return await next(request);
  };
  const transport: RestConnectTransport = createRestTransport({
    baseUrl: server.baseUrl,
    interceptors: [note],
  });
  const customer = createClient(Customer, transport);

  const contextValues = createContextValues().set(restCallOptions, { encoding: "json" });
  const { requestId } = await customer.runJob({ jobId: "job-1" }, { timeoutMs: 5_000, contextValues });
  assert.equal(requestId, "req-1");
  assert.equal(server.requests[0]?.headers["content-type"], "application/json");
  console.log("a client of Connect's, with a context value");

  const error: unknown = await customer.runJob({ jobId: "job-2" }).catch((reason: unknown) => reason);
  assert(error instanceof ConnectError);
  assert.equal(error.code, Code.NotFound);
  assert.equal(error.rawMessage, "no such job");
  assert.equal(rpcErrorOf(error)?.outcome, "rejected");
  console.log("a ConnectError that says whether it happened");

  assert.deepEqual(seen, ["POST /jobs/job-1/run", "POST /jobs/job-2/run"]);
  // @ts-expect-error: there is no such option
  assert.throws(() => createRestTransport({ baseUrl: server.baseUrl, useBinaryFormat: true }));
  console.log("an interceptor of Connect's");
  await transport.close();
  await server.close();
}

main();

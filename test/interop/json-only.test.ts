// A gateway without binary.
import { expect, test } from "vitest";
import { Genre } from "../../examples/gen/library/v1/library_pb.js";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { startPeer } from "./support/peer.ts";

test("the fallback costs one request in all, and every job runs once", async () => {
  const { gateway, jobs } = await startPeer({ encodings: "json" });
  const attempts: number[] = [];
  const client = jobs({
    interceptors: [
      (next) => async (request) => {
        const response = await next(request);
        attempts.push(response.attempts);
        return response;
      },
    ],
  });
  for (let i = 0; i < 5; i++) await client.run(`job-${i}`, { taskTimeout: 7, isTestJob: true });
  await client.abort("job-1");
  await client.delete("job-1");
  expect(attempts).toEqual([2, 1, 1, 1, 1, 1, 1]);
  const runs = (await gateway.calls()).filter(({ rpc }) => rpc.endsWith("RunJob"));
  expect(runs.map(({ request }) => request)).toEqual(
    [0, 1, 2, 3, 4].map((i) => ({ jobId: `job-${i}`, config: { taskTimeout: "7", isTestJob: true } })),
  );
});

test("a call without a body gets a JSON response at once, and the client reads it", async () => {
  const { gateway, jobs } = await startPeer({ encodings: "json" });
  const client = jobs();
  expect(await client.abort("job-1")).toMatchObject({ ok: true });
  expect(await client.run("job-1")).toMatchObject({ ok: true });
  expect(await gateway.calls()).toHaveLength(2);
});

test("the library works with it", async () => {
  const { gateway, library } = await startPeer({ encodings: "json" });
  const client = library();
  const book = await client.createBook({ parent: "shelves/1", bookId: "2", book: { genre: Genre.SCIENCE } });
  expect((await client.checkOutBook({ name: book.name, reader: "Ada" })).reader).toBe("Ada");
  expect((await gateway.calls()).map(({ rpc }) => rpc.split("/")[1])).toEqual(["CreateBook", "CheckOutBook"]);
});

test("a real error comes from the second attempt", async () => {
  const { gateway, jobs } = await startPeer({ encodings: "json" });
  const error = await caught(jobs().run("no-such-job", { taskTimeout: 1 }));
  expect(error).toMatchObject({ code: Code.NotFound, status: 404, outcome: "rejected", attempts: 2 });
  expect(await gateway.calls()).toHaveLength(1);
});

test("without the fallback nothing reaches the backend", async () => {
  const { gateway, jobs } = await startPeer({ encodings: "json" });
  const error = await caught(jobs({ jsonFallback: false }).run("job-1", { taskTimeout: 1 }));
  expect(error).toMatchObject({ code: Code.InvalidArgument, status: 400, outcome: "rejected", attempts: 1 });
  expect(await gateway.calls()).toEqual([]);
});

test("careful mode: a JSON request, and a binary response from a gateway that has binary", async () => {
  const { gateway, jobs } = await startPeer();
  const client = jobs({ encoding: { request: "json", response: "protobuf" } });
  const types: unknown[] = [];
  const onResponse = ({ headers }: { headers: Readonly<Record<string, unknown>> }) =>
    types.push(headers["content-type"]);
  await client.run("job-1", { taskTimeout: 7 }, { onResponse });
  expect(await caught(client.run("no-such-job", { taskTimeout: 7 }, { onResponse }))).toMatchObject({
    status: 404,
  });
  expect(types).toEqual(["application/octet-stream", "application/octet-stream"]);
  expect((await gateway.calls())[0]?.request).toEqual({ jobId: "job-1", config: { taskTimeout: "7" } });
});

test("with other field numbers, binary silently loses the limits, and careful mode does not", async () => {
  const { gateway, jobs } = await startPeer({ numbers: "other" });
  await jobs().run("job-1", { taskTimeout: 7 });
  await jobs({ encoding: { request: "json", response: "protobuf" } }).run("job-2", { taskTimeout: 7 });
  expect((await gateway.calls()).map(({ request }) => request)).toEqual([
    { jobId: "job-1" },
    { jobId: "job-2", config: { taskTimeout: "7" } },
  ]);
});

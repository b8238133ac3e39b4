import { describe, expect, test } from "vitest";
import { codeName, JobsClient } from "../../src/index.ts";
import {
  Code,
  createMemoryJobsServer,
  createMemoryServer,
  type Fault,
  StatusError,
  startJobsServer,
} from "../../src/testing/index.ts";
import { connectionRows, type FaultRow, responseRows, statusRows } from "../faults/fault-rows.ts";
import { caught } from "../support/caught.ts";
import { type CallName, calls, jobsClient } from "../support/clients.ts";
import { countResponseHeads } from "../support/response-heads.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { clientOptions, endOf, openJobs, recordsOf, type Side, sides } from "./sides.ts";
import { thingsService } from "./things-service.ts";

const variants = (["protobuf", "json"] as const).flatMap((encoding) =>
  (Object.keys(calls) as CallName[]).map((name) => ({ encoding, name })),
);

const rows = [...connectionRows, ...statusRows, ...responseRows];

/** The rows that hold for a socket of HTTP/1.1; test/faults says that they do. */
describe.each(variants)("without a socket as with one: $name in $encoding meets", ({ encoding, name }) => {
  const applies = ({ versions = ["HTTP/1.1"], encodings = [encoding] }: FaultRow) =>
    versions.includes("HTTP/1.1") && encodings.includes(encoding);

  test.each(rows.filter(applies))("$name", async (row) => {
    const expected = name === "run" ? row.run : row.others;
    const { timeoutMs = 0 } = row.options ?? {};
    const moveOn = timeoutMs > 0 ? stopClock() : undefined;
    const heads = countResponseHeads();
    const [socket, memory] = [await seen("socket"), await seen("memory")];
    expect(memory).toEqual(socket);
    expect(memory.executions).toHaveLength(expected[0] === "OK" ? expected[2] : expected[3]);
    expect(memory.requests).toHaveLength(expected[0] === "OK" ? expected[1] : expected[2]);
    expect(memory.end).toMatchObject(
      expected[0] === "OK"
        ? { ok: true }
        : { code: expected[0], outcome: expected[1], attempts: expected[2] },
    );

    async function seen(side: Side) {
      const server = await openJobs(side, { accessToken: "token-1" });
      const client = jobsClient(server.baseUrl, {
        ...clientOptions(server),
        encoding,
        ...row.options,
      });
      server.fault(row.fault);
      const headsBefore = heads.count;
      const call = endOf(calls[name](client));
      if (moveOn !== undefined) {
        await server.received(1);
        await until(() => server.executions.length === expected.at(-1));
        if ("where" in row.fault) await until(() => heads.count > headsBefore);
        await moveOn(timeoutMs);
      }
      const end = await call;
      return { end, requests: recordsOf(server), executions: server.executions, job: server.job("job-1") };
    }
  });
});

describe("a connection that is not made", () => {
  function setup() {
    const server = createMemoryJobsServer({ jobs: ["job-1"] });
    return { server, client: jobsClient(server.baseUrl, pick(server)) };
  }

  test("is no request, and the call is made again, also one that must not happen twice", async () => {
    const { server, client } = setup();
    server.fault({ kind: "not-connected" }, { times: 2 });
    await client.run("job-1");
    expect(server.requests).toHaveLength(1);
    expect(server.executions).toHaveLength(1);
  });

  test("leaves nothing sent, where it goes on", async () => {
    const { server, client } = setup();
    server.fault({ kind: "not-connected" }, { times: Number.POSITIVE_INFINITY });
    const error = await caught(client.run("job-1"));
    expect(codeName(error.code)).toBe("Unavailable");
    expect(error).toMatchObject({ outcome: "not_sent", attempts: 4 });
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
    expect(server.requests).toEqual([]);
  });

  test("may have any reason", async () => {
    const { server, client } = setup();
    const error = new Error("no such host");
    server.fault({ kind: "not-connected", error });
    expect((await caught(client.run("job-1", {}, { retry: false }))).cause).toBe(error);
  });

  test("is for one rpc where that was said, and has its place among other faults", async () => {
    const { server, client } = setup();
    server.fault({ kind: "status", status: 404 });
    server.fault({ kind: "not-connected" }, { rpc: "AbortJob" });
    const ends = await Promise.all([client.run("job-1"), client.abort("job-1")].map(endOf));
    expect(ends).toMatchObject([{ code: "NotFound", outcome: "rejected" }, { ok: true }]);
    expect(server.requests.map(({ rpc }) => rpc)).toEqual([
      "bytenite.customer.Customer/RunJob",
      "bytenite.customer.Customer/AbortJob",
    ]);
  });

  test("is not for what is cancelled before it, which then meets no fault", async () => {
    const { server, client } = setup();
    server.fault({ kind: "status", status: 404 });
    const controller = new AbortController();
    const cancelled = caught(client.run("job-1", {}, { signal: controller.signal }));
    controller.abort();
    expect((await cancelled).outcome).toBe("not_sent");
    expect((await caught(client.run("job-1"))).status).toBe(404);
  });

  test("cannot be asked of a server that listens", async () => {
    await using server = await startJobsServer();
    const fault = { kind: "not-connected" } as unknown as Fault;
    expect(() => server.fault(fault)).toThrow(
      'a server that listens cannot play "not-connected"; a memory server can',
    );
  });
});

test.each(["content-length", "Transfer-Encoding", "trailer", "Upgrade"])(
  "%s is for no fault, no handler and no error to set, with a socket or without",
  async (header) => {
    const words = `${header} is the server's own to set: it frames the answer`;
    const headers = { [header]: "x" };
    for (const side of sides) {
      const server = await openJobs(side);
      const fault = () => server.fault({ kind: "status", status: 500, headers });
      expect(fault).toThrow(RangeError);
      expect(fault).toThrow(words);
    }
    expect(() => new StatusError(Code.Aborted, "no", { headers })).toThrow(words);
  },
);

describe("a fault that cannot be played without a connection is refused:", () => {
  test.each<[Fault, RegExp]>([
    [{ kind: "reset", how: "refused" }, /a reset how "refused" needs HTTP\/2/],
    [{ kind: "reset", how: "goaway" }, /a reset how "goaway" needs HTTP\/2/],
    [{ kind: "status", status: 101 }, /a status from 200 to 999, not 101/],
    [{ kind: "html", status: 99 }, /a status from 200 to 999, not 99/],
    [{ kind: "reset", how: "slowly" } as unknown as Fault, /no reset how "slowly"/],
    [{ kind: "explode" } as unknown as Fault, /there is no fault "explode"; there are status, /],
  ])("%o", async (fault, message) => {
    const server = createMemoryServer(thingsService(), {});
    expect(() => server.fault(fault)).toThrow(message);
    expect(() => server.fault(fault)).toThrow(RangeError);
  });
});

test("a fault for an rpc that is not there is refused", () => {
  const server = createMemoryServer(thingsService(), {});
  expect(() => server.fault({ kind: "hang" }, { rpc: "Sing" })).toThrow(
    'there is no rpc "Sing"; there are Get, ',
  );
});

test("faults that are forgotten do not happen", async () => {
  const server = createMemoryJobsServer({ jobs: ["job-1"] });
  await using client = new JobsClient(pick(server));
  server.fault({ kind: "not-connected" });
  server.clearFaults();
  expect(await client.run("job-1")).toMatchObject({ ok: true });
});

test("a fault of the exchange of keys has to be asked for by name", async () => {
  const server = createMemoryJobsServer({ jobs: ["job-1"] });
  const { baseUrl, dispatcher, apiKey } = server;
  server.fault({ kind: "not-connected" }, { times: Number.POSITIVE_INFINITY });
  const client = jobsClient(baseUrl, { dispatcher, apiKey, retry: false });
  expect((await caught(client.run("job-1"))).message).toContain("not connected: connect ECONNREFUSED");
  expect(server.tokenExchanges).toBe(1);
  server.clearFaults();
  server.fault({ kind: "not-connected" }, { rpc: "AccessToken", times: Number.POSITIVE_INFINITY });
  const another = jobsClient(baseUrl, { dispatcher, apiKey, retry: false });
  expect((await caught(another.run("job-1"))).message).toContain("no access token for the API key");
  expect(server.tokenExchanges).toBe(1);
  expect(server.executions).toEqual([]);
});

function pick({ baseUrl, accessToken, dispatcher }: ReturnType<typeof createMemoryJobsServer>) {
  return { baseUrl, accessToken, dispatcher };
}

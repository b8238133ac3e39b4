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

/** The rows for a socket over HTTP/1.1, which test/faults verifies. */
describe.each(variants)(
  "the same with a socket and in memory: $name in $encoding meets",
  ({ encoding, name }) => {
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
  },
);

describe("a not-connected fault", () => {
  function setup() {
    const server = createMemoryJobsServer({ jobs: ["job-1"] });
    return { server, client: jobsClient(server.baseUrl, pick(server)) };
  }

  test("records no request, and the client retries, also a run", async () => {
    const { server, client } = setup();
    server.fault({ kind: "not-connected" }, { times: 2 });
    await client.run("job-1");
    expect(server.requests).toHaveLength(1);
    expect(server.executions).toHaveLength(1);
  });

  test("that persists leaves the call not sent", async () => {
    const { server, client } = setup();
    server.fault({ kind: "not-connected" }, { times: Number.POSITIVE_INFINITY });
    const error = await caught(client.run("job-1"));
    expect(codeName(error.code)).toBe("Unavailable");
    expect(error).toMatchObject({ outcome: "not_sent", attempts: 4 });
    expect(error.cause).toMatchObject({ code: "ECONNREFUSED", syscall: "connect" });
    expect(server.requests).toEqual([]);
  });

  test("may have any error", async () => {
    const { server, client } = setup();
    const error = new Error("no such host");
    server.fault({ kind: "not-connected", error });
    expect((await caught(client.run("job-1", {}, { retry: false }))).cause).toBe(error);
  });

  test("may be for one rpc, and keeps its place among other faults", async () => {
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

  test("is not used up by a call that is cancelled before it is sent", async () => {
    const { server, client } = setup();
    server.fault({ kind: "status", status: 404 });
    const controller = new AbortController();
    const cancelled = caught(client.run("job-1", {}, { signal: controller.signal }));
    controller.abort();
    expect((await cancelled).outcome).toBe("not_sent");
    expect((await caught(client.run("job-1"))).status).toBe(404);
  });

  test("does not exist on a listening server", async () => {
    await using server = await startJobsServer();
    const fault = { kind: "not-connected" } as unknown as Fault;
    expect(() => server.fault(fault)).toThrow(
      'a listening server has no fault "not-connected"; a memory server has',
    );
  });
});

test.each(["content-length", "Transfer-Encoding", "trailer", "Upgrade"])(
  "neither a fault nor an error can set %s, with a socket or in memory",
  async (header) => {
    const message = `${header} cannot be set: the server frames the response itself`;
    const headers = { [header]: "x" };
    for (const side of sides) {
      const server = await openJobs(side);
      const fault = () => server.fault({ kind: "status", status: 500, headers });
      expect(fault).toThrow(RangeError);
      expect(fault).toThrow(message);
    }
    expect(() => new StatusError(Code.Aborted, "no", { headers })).toThrow(message);
  },
);

describe("a memory server rejects a fault that needs a connection:", () => {
  test.each<[Fault, RegExp]>([
    [{ kind: "reset", how: "refused" }, /a reset with how "refused" needs HTTP\/2/],
    [{ kind: "reset", how: "goaway" }, /a reset with how "goaway" needs HTTP\/2/],
    [{ kind: "status", status: 101 }, /the status of a memory server must be from 200 to 999, not 101/],
    [{ kind: "html", status: 99 }, /the status of a memory server must be from 200 to 999, not 99/],
    [{ kind: "reset", how: "slowly" } as unknown as Fault, /no reset with how "slowly"/],
    [{ kind: "explode" } as unknown as Fault, /there is no fault "explode"; there are status, /],
  ])("%o", async (fault, message) => {
    const server = createMemoryServer(thingsService(), {});
    expect(() => server.fault(fault)).toThrow(message);
    expect(() => server.fault(fault)).toThrow(RangeError);
  });
});

test("a fault for an unknown rpc is rejected", () => {
  const server = createMemoryServer(thingsService(), {});
  expect(() => server.fault({ kind: "hang" }, { rpc: "Sing" })).toThrow(
    'there is no rpc "Sing"; there are Get, ',
  );
});

test("cleared faults do not apply", async () => {
  const server = createMemoryJobsServer({ jobs: ["job-1"] });
  await using client = new JobsClient(pick(server));
  server.fault({ kind: "not-connected" });
  server.clearFaults();
  expect(await client.run("job-1")).toMatchObject({ ok: true });
});

test("only a fault that names AccessToken applies to the token exchange", async () => {
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

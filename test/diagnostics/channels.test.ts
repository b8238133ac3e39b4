import { AsyncLocalStorage } from "node:async_hooks";
import {
  type TracingChannel,
  type TracingChannelSubscribers,
  tracingChannel,
} from "node:diagnostics_channel";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AttemptEvent, type CallEvent, Code, JobsError, type RpcError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { calls as jobCalls, jobsClient } from "../support/clients.ts";
import { ok, type Scripted, scriptedServer } from "../support/scripted-server.ts";

const callChannel: TracingChannel<unknown, CallEvent> = tracingChannel("bytenite-jobs:call");
const attemptChannel: TracingChannel<unknown, AttemptEvent> = tracingChannel("bytenite-jobs:attempt");

const names = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;

interface Seen<Event> {
  readonly name: (typeof names)[number];
  readonly event: Event;
  /** A copy, because the object changes later. */
  readonly copy: Event;
}

/** Collects the events of a channel until the test ends. */
function observed<Event extends object>(channel: TracingChannel<unknown, Event>): Seen<Event>[] {
  const seen: Seen<Event>[] = [];
  const subscribers = Object.fromEntries(
    names.map((name) => [name, (event: Event) => void seen.push({ name, event, copy: { ...event } })]),
  ) as unknown as TracingChannelSubscribers<Event>;
  channel.subscribe(subscribers);
  onTestFinished(() => void channel.unsubscribe(subscribers));
  return seen;
}

const method = "bytenite.customer.Customer/RunJob";
const busy: Scripted = { status: 429, headers: { "retry-after": "0" } };

test("a call has one event object, with its server, result and duration", async () => {
  const seen = observed(callChannel);
  const server = await scriptedServer(busy, ok);
  await jobCalls.run(jobsClient(server.baseUrl));
  expect(seen.map(({ name }) => name)).toEqual(["start", "end", "asyncStart", "asyncEnd"]);
  expect(new Set(seen.map(({ event }) => event)).size).toBe(1);
  const serverPort = Number(new URL(server.origin).port);
  expect(seen[0]?.copy).toEqual({ method, serverAddress: "127.0.0.1", serverPort });
  const { durationMs, history, ...end } = (seen[3] as Seen<CallEvent>).copy;
  expect(end).toEqual({
    method,
    serverAddress: "127.0.0.1",
    serverPort,
    code: Code.OK,
    status: 200,
    attempts: 2,
  });
  expect(history?.map(({ code }) => code)).toEqual([Code.ResourceExhausted, Code.OK]);
  expect(durationMs).toBeGreaterThan(0);
});

test("an attempt has its request and response, encodings and lengths", async () => {
  const seen = observed(attemptChannel);
  const jsonBody = JSON.stringify({ ok: true });
  const json: Scripted = { headers: { "content-type": "application/json" }, body: jsonBody };
  const server = await scriptedServer(busy, { status: 415, body: "what?" }, json);
  await jobCalls.run(jobsClient(server.baseUrl));
  expect(seen.map(({ name }) => name)).toEqual([
    ...["start", "end", "error", "asyncStart", "asyncEnd"],
    ...["start", "end", "error", "asyncStart", "asyncEnd"],
    ...["start", "end", "asyncStart", "asyncEnd"],
  ]);
  const ends = seen.filter(({ name }) => name === "asyncEnd").map(({ copy }) => copy);
  const route = "/jobs/{job_id}/run";
  expect(ends).toMatchObject([
    {
      ...{
        method,
        attempt: 1,
        verb: "POST",
        route,
        requestEncoding: "protobuf",
        responseEncoding: "protobuf",
      },
      ...{ requestBytes: server.seen[0]?.body.length, responseBytes: 0, status: 429 },
      ...{ code: Code.ResourceExhausted, outcome: "rejected" },
    },
    { attempt: 2, requestEncoding: "protobuf", status: 415, responseBytes: 5, outcome: "rejected" },
    {
      ...{ attempt: 3, requestEncoding: "json", responseEncoding: "json", status: 200, code: Code.OK },
      ...{ requestBytes: server.seen[2]?.body.length, responseBytes: jsonBody.length },
    },
  ]);
  expect(ends[0]?.requestBytes).toBeGreaterThan(0);
  expect(ends[0]?.error).toMatchObject({ code: Code.ResourceExhausted, attempts: 1, method });
  for (const { durationMs } of ends) expect(durationMs).toBeGreaterThan(0);
});

describe("a call that fails", () => {
  test("has its error, code, outcome and attempts, before the promise rejects", async () => {
    const seen = observed(callChannel);
    const server = await scriptedServer("reset");
    const error = await caught(jobCalls.run(jobsClient(server.baseUrl)));
    expect(seen.map(({ name }) => name)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    const { code, outcome, attempts, history } = error as RpcError;
    expect(seen[2]?.copy).toMatchObject({ code, outcome, attempts, history, error });
    expect(seen[2]?.copy).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
    expect(seen[2]?.copy.error).toBe(error);
  });

  test("because ByteNite's response is not ok, has a JobsError, although its attempt succeeded", async () => {
    const seen = observed(callChannel);
    const attempts = observed(attemptChannel);
    const body = JSON.stringify({ ok: false, error: { code: "5", message: "no job" } });
    const server = await scriptedServer({ headers: { "content-type": "application/json" }, body });
    await caught(jobCalls.run(jobsClient(server.baseUrl)));
    expect(seen.at(-1)?.copy).toMatchObject({ code: Code.NotFound, outcome: "rejected", status: 200 });
    expect(seen.at(-1)?.copy.error).toBeInstanceOf(JobsError);
    expect(attempts.at(-1)?.copy).toMatchObject({ code: Code.OK, status: 200 });
    expect(attempts.map(({ name }) => name)).not.toContain("error");
  });

  test("before a request is sent has no attempts", async () => {
    const seen = observed(callChannel);
    const attempts = observed(attemptChannel);
    const server = await scriptedServer(ok);
    await caught(jobsClient(server.baseUrl).run(""));
    expect(seen.at(-1)?.copy).toMatchObject({
      ...{ code: Code.InvalidArgument, outcome: "not_sent", attempts: 0 },
    });
    expect(attempts).toEqual([]);
  });

  test("in an interceptor, with another error, has an unknown outcome", async () => {
    const seen = observed(callChannel);
    const server = await scriptedServer(ok);
    const bug = new Error("a bug");
    const client = jobsClient(server.baseUrl, {
      interceptors: [
        (next) => async (request) => {
          await next(request);
          throw bug;
        },
      ],
    });
    await expect(client.run("job-1")).rejects.toBe(bug);
    expect(seen.at(-1)?.copy).toMatchObject({ code: Code.Unknown, outcome: "unknown", error: bug });
  });

  test("with undefined has an error", async () => {
    const seen = observed(callChannel);
    const server = await scriptedServer(ok);
    const client = jobsClient(server.baseUrl, { interceptors: [() => () => Promise.reject()] });
    await expect(client.run("job-1")).rejects.toBeUndefined();
    expect(seen.map(({ name }) => name)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]);
    expect(seen.at(-1)?.copy).toMatchObject({ code: Code.Unknown, outcome: "unknown" });
    expect(seen.at(-1)?.copy).toHaveProperty("error", undefined);
  });
});

test("attempts run in the stores that subscribers bind to a call's start, even after a wait and on other calls' connections", async () => {
  const store = new AsyncLocalStorage<string>();
  let count = 0;
  callChannel.start.bindStore(store, () => `call ${++count}`);
  onTestFinished(() => void callChannel.start.unbindStore(store));
  const within: (string | undefined)[] = [];
  const note = () => void within.push(store.getStore());
  attemptChannel.start.subscribe(note);
  onTestFinished(() => void attemptChannel.start.unsubscribe(note));
  const server = await scriptedServer(ok, busy, ok);
  const client = jobsClient(server.baseUrl);
  await client.run("job-1");
  await client.run("job-2");
  expect(within).toEqual(["call 1", "call 2", "call 2"]);
  expect(store.getStore()).toBeUndefined();
});

test("a subscriber that throws does not change the call's result", async () => {
  const bugs: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (bug) => bugs.push(bug));
  onTestFinished(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  });
  const fail = () => {
    throw new Error("a bug in an observer");
  };
  for (const channel of [callChannel, attemptChannel]) {
    channel.subscribe({ start: fail, end: fail, asyncStart: fail, asyncEnd: fail, error: fail });
    onTestFinished(
      () =>
        void channel.unsubscribe({ start: fail, end: fail, asyncStart: fail, asyncEnd: fail, error: fail }),
    );
  }
  const server = await scriptedServer(ok);
  expect(await jobsClient(server.baseUrl).run("job-1")).toMatchObject({ ok: true });
  expect(server.seen).toHaveLength(1);
  await new Promise(setImmediate);
  expect(bugs.length).toBeGreaterThan(0);
});

test("no credential is in any event", async () => {
  const token = "a-secret-token";
  const events = [observed(callChannel), observed(attemptChannel)];
  const server = await scriptedServer(
    { status: 429, headers: { "retry-after": "0", "x-echo": token }, body: token },
    { status: 401, body: `bad token ${token}` },
  );
  const client = jobsClient(server.baseUrl, { accessToken: token });
  await caught(client.run("job-1", undefined, { headers: { "x-api-key": "another-secret" } }));
  expect(server.seen[1]?.headers.authorization).toBe(token);
  const text = inspect(events, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  expect(text).not.toContain(token);
  expect(text).not.toContain("another-secret");
});

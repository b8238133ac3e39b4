import { expect, test } from "vitest";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { faulty } from "./faulty-server.ts";

// Found by reading: a signal that fired between two things that a call does was not seen by either, and the call
// then went on without an end.

test("a token function that cancels the call ends it, with nothing sent", async () => {
  const controller = new AbortController();
  const { server, client } = await faulty("HTTP/1.1", {
    accessToken: () => {
      controller.abort("no");
      return server.accessToken;
    },
  });
  const error = await caught(client.run("job-1", undefined, { signal: controller.signal }));
  expect(error).toMatchObject({ code: Code.Cancelled, outcome: "not_sent", attempts: 0, cause: "no" });
  expect(server.requests).toHaveLength(0);
});

test("a signal ends the call that fires just behind the token function", async () => {
  for (let turns = 0; turns < 12; turns++) {
    const controller = new AbortController();
    const { server, client } = await faulty("HTTP/1.1", {
      accessToken: async () => {
        let later = Promise.resolve();
        for (let i = 0; i < turns; i++) later = later.then(() => undefined);
        later.then(() => controller.abort());
        return server.accessToken;
      },
    });
    server.fault({ kind: "hang" });
    const error = await caught(client.run("job-1", undefined, { signal: controller.signal }));
    expect(error.code).toBe(Code.Cancelled);
  }
});

test("an onRetry that closes the client ends the call with its last error", async () => {
  const { server, client } = await faulty("HTTP/1.1");
  server.fault({ kind: "status", status: 503, retryAfter: 3 }, { times: 2 });
  let closed: Promise<void> | undefined;
  const onRetry = () => {
    closed = client.close();
  };
  const error = await caught(client.run("job-1", undefined, { retry: { onRetry } }));
  expect(error).toMatchObject({ status: 503, outcome: "rejected", attempts: 1 });
  await closed;
  expect(server.requests).toHaveLength(1);
});

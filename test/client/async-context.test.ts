import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { Code, type Interceptor } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { ok, type Scripted, scriptedServer } from "../support/scripted-server.ts";

const tenant = new AsyncLocalStorage<string>();

const busy: Scripted = { status: 429, headers: { "retry-after": "0" } };
const unauthorized: Scripted = { status: 401 };

/** A client that all tenants share. Another tenant than the one that calls has opened the connection. */
async function sharedBy(script: readonly Scripted[], interceptors: readonly Interceptor[] = []) {
  const server = await scriptedServer(ok, ...script);
  let calls = 0;
  const client = jobsClient(server.baseUrl, {
    accessToken: () => `token ${++calls}, for ${tenant.getStore()}`,
    retry: { initialBackoffMs: 1, onRetry: () => void callbacks.push(`onRetry for ${tenant.getStore()}`) },
    interceptors,
  });
  const callbacks: string[] = [];
  await tenant.run("the first", () => client.run("job-1"));
  return { server, client, callbacks };
}

test("a retry resolves its token in the async context of its call", async () => {
  const { server, client, callbacks } = await sharedBy([busy, unauthorized, ok]);
  const onResponse = () => void callbacks.push(`onResponse for ${tenant.getStore()}`);
  await tenant.run("the second", () => client.run("job-2", undefined, { onResponse }));
  const tokens = server.seen.map(({ headers }) => headers.authorization);
  expect(tokens).toEqual([
    "token 1, for the first",
    "token 2, for the second",
    "token 3, for the second",
    "token 4, for the second",
  ]);
  expect(callbacks).toEqual(["onRetry for the second", "onResponse for the second"]);
});

test("a call returns to the async context of its caller, with interceptors too", async () => {
  const seen: (string | undefined)[] = [];
  const watch: Interceptor = (next) => async (request) => {
    seen.push(tenant.getStore());
    try {
      return await next(request);
    } finally {
      seen.push(tenant.getStore());
    }
  };
  const { client } = await sharedBy([ok, { status: 404 }], [watch]);
  await tenant.run("the second", async () => {
    await client.run("job-2");
    expect(tenant.getStore()).toBe("the second");
    expect(await caught(client.run("job-3"))).toMatchObject({ code: Code.NotFound });
    expect(tenant.getStore()).toBe("the second");
  });
  expect(seen).toEqual(["the first", "the first", ...Array(4).fill("the second")]);
});

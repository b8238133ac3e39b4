import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { Code, type Interceptor } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { ok, type Scripted, scriptedServer } from "../support/scripted-server.ts";

const tenant = new AsyncLocalStorage<string>();

const busy: Scripted = { status: 429, headers: { "retry-after": "0" } };
const refused: Scripted = { status: 401 };

/** One client for all tenants, whose connection was opened by another one than the tenant that calls. */
async function sharedBy(script: readonly Scripted[], interceptors: readonly Interceptor[] = []) {
  const server = await scriptedServer(ok, ...script);
  let asked = 0;
  const client = jobsClient(server.baseUrl, {
    accessToken: () => `token ${++asked}, for ${tenant.getStore()}`,
    retry: { initialBackoffMs: 1, onRetry: () => void told.push(`onRetry for ${tenant.getStore()}`) },
    interceptors,
  });
  const told: string[] = [];
  await tenant.run("the first", () => client.run("job-1"));
  return { server, client, told };
}

test("another attempt asks for its token in the context of its own call", async () => {
  const { server, client, told } = await sharedBy([busy, refused, ok]);
  const onResponse = () => void told.push(`onResponse for ${tenant.getStore()}`);
  await tenant.run("the second", () => client.run("job-2", undefined, { onResponse }));
  const tokens = server.seen.map(({ headers }) => headers.authorization);
  expect(tokens).toEqual([
    "token 1, for the first",
    "token 2, for the second",
    "token 3, for the second",
    "token 4, for the second",
  ]);
  expect(told).toEqual(["onRetry for the second", "onResponse for the second"]);
});

test("a call that is over goes on where it was made, with interceptors too", async () => {
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

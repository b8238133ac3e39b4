import { inspect } from "node:util";
import type { DescService } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import { type Empty, EmptySchema } from "@bufbuild/protobuf/wkt";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { expect, expectTypeOf, onTestFinished, test } from "vitest";
import { createRestTransport as createConnectTransport } from "../../src/connect/index.ts";
import { type ServiceImplementation, startServer } from "../../src/testing/index.ts";
import { type Client, createClient, createRestTransport } from "../../src/transport.ts";
import { ruleService } from "../transcoding/support/rule-method.ts";

/** Rpc names with a meaning in JavaScript, and the names of their methods in a client. */
const keys = new Map([
  ["Then", "then$"],
  ["Catch", "catch"],
  ["Finally", "finally"],
  ["Constructor", "constructor$"],
  ["ToJSON", "toJSON$"],
  ["ToString", "toString$"],
  ["ValueOf", "valueOf$"],
  ["ToLocaleString", "toLocaleString"],
  ["HasOwnProperty", "hasOwnProperty"],
  ["Inspect", "inspect"],
  ["Next", "next"],
  ["Length", "length"],
  ["Close", "close"],
  ["Dispose", "dispose"],
  ["__proto__", "__proto__"],
]);

const service = ruleService(new Map([...keys.keys()].map((name) => [name, `POST /v1/${name}`])), EmptySchema);

/** A client without types. */
type Methods = Readonly<Record<string, (request: object) => Promise<Empty>>>;

async function odd() {
  const handlers = [...keys.values()].map((key) => [key, () => ({})]);
  const server = await startServer(service, Object.fromEntries(handlers));
  onTestFinished(() => server.close());
  const transport = createRestTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  return { server, client: createClient(service, transport) as unknown as Methods };
}

test("a method of any name can be called on a client and implemented", async () => {
  const { server, client } = await odd();
  for (const key of keys.values()) {
    expect(Object.hasOwn(client, key)).toBe(true);
    expect(await client[key]?.({})).toMatchObject({ $typeName: EmptySchema.typeName });
  }
  expect(server.requests.map(({ path, status }) => [path, status])).toEqual(
    [...keys.keys()].map((name) => [`/v1/${name}`, 200]),
  );
});

test("implicit conversions of a client call no rpc", async () => {
  const { server, client } = await odd();
  expect(await client).toBe(client);
  expect(await (async () => client)()).toBe(client);
  expect(await Promise.all([client])).toEqual([client]);
  expect(JSON.stringify({ client })).toBe('{"client":{}}');
  expect(`${client}`).toBe("[object Object]");
  expect(Number(client)).toBeNaN();
  expect(inspect(client)).toContain("then$");
  expect(client).toEqual({ ...client });
  expect(client.constructor).toBe(Object);
  expect(server.requests).toEqual([]);
});

test("a client has the keys of its type", () => {
  type Unary = { methodKind: "unary"; input: typeof EmptySchema; output: typeof EmptySchema };
  type Thenable = GenService<{ then: Unary; toJSON$: Unary }>;
  expectTypeOf<keyof Client<Thenable>>().toEqualTypeOf<"then$" | "toJSON$">();
  expectTypeOf<Client<Thenable>["then$"]>().returns.resolves.toEqualTypeOf<Empty>();
  expectTypeOf<Awaited<Client<Thenable>>>().toEqualTypeOf<Client<Thenable>>();
  expectTypeOf<keyof ServiceImplementation<Thenable>>().toEqualTypeOf<"then$" | "toJSON$">();
  expectTypeOf<keyof Client<DescService>>().toEqualTypeOf<string | number>();
});

test("Connect's own clients are thenable if an rpc is named Then (docs/connect.md says so)", async () => {
  const { server } = await odd();
  const transport = createConnectTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  const client = createConnectClient(service, transport) as unknown as Methods;
  expect(client).not.toHaveProperty("then$");
  expect(await client.then?.({})).toMatchObject({ $typeName: EmptySchema.typeName });
  expect(server.requests).toMatchObject([{ path: "/v1/Then" }]);
});

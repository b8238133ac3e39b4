// Bodies that arrive in several chunks: their memory is freed after the call, unless something still refers to it.
import { create, type DescMethodUnary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Pool } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { decodeBinaryBody } from "../../src/codecs/binary-codec.ts";
import type { HttpResponse } from "../../src/http/http-exchange.ts";
import { freeJoinedBody, joinChunks } from "../../src/http/joined-body.ts";
import { UndiciExchange } from "../../src/http/undici-exchange.ts";
import { createRestTransport, type RpcError } from "../../src/transport.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { PlainLeafSchema, PlainSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { HttpBodySchema } from "../gen/google/api/httpbody_pb.js";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { ruleMethod } from "../transcoding/support/rule-method.ts";

// A read from a socket has at most 64 KiB.
const LENGTH = 300_000;
const value = Uint8Array.from({ length: LENGTH }, (_, i) => i % 251);
const binary = { "content-type": "application/x-protobuf" };

/** Calls a method whose response has this body, and then another one, which may use memory that was freed. */
async function responseOf<T extends DescMethodUnary>(method: T, body: Uint8Array, headers = binary) {
  const server = await scriptedServer({ headers, body });
  const transport = createRestTransport({ baseUrl: server.origin, retry: false });
  onTestFinished(() => transport.close());
  const { message } = await transport.unary(method, {});
  await transport.unary(method, {});
  return message;
}

function methodOf(schema: typeof PlainSchema | typeof EverythingSchema | typeof HttpBodySchema) {
  return ruleMethod("GET /v1/it", PlainLeafSchema, schema) as DescMethodUnary;
}

test("bytes fields of the message stay", async () => {
  const plain = create(PlainSchema, { self: { bytesValue: value } });
  const body = toBinary(PlainSchema, plain);
  expect(await responseOf(methodOf(PlainSchema), body)).toStrictEqual(plain);
});

test("bytes fields of a type without a compiled decoder stay", async () => {
  const everything = create(EverythingSchema, { bytesValue: value });
  const body = toBinary(EverythingSchema, everything);
  expect(await responseOf(methodOf(EverythingSchema), body)).toStrictEqual(everything);
});

test("unknown fields stay", async () => {
  const body = new BinaryWriter().tag(9_999, WireType.LengthDelimited).bytes(value).finish();
  const message = await responseOf(methodOf(PlainSchema), body);
  expect(Buffer.compare(toBinary(PlainSchema, message as never), body)).toBe(0);
});

test("the data of a raw body stay", async () => {
  const headers = { "content-type": "image/png" };
  expect(await responseOf(methodOf(HttpBodySchema), value, headers)).toStrictEqual(
    create(HttpBodySchema, { contentType: "image/png", data: value }),
  );
});

test("the body of an error stays", async () => {
  const body = Buffer.alloc(LENGTH, 0xff);
  const error = (await caught(responseOf(methodOf(PlainSchema), body))) as RpcError;
  expect(error.body?.[0]).toBe(0xff);
});

test("text does not depend on the body", async () => {
  const plain = create(PlainSchema, { stringValue: "grüße ".repeat(LENGTH / 8), stringList: ["a", "ü"] });
  const body = toBinary(PlainSchema, plain);
  expect(await responseOf(methodOf(PlainSchema), body)).toStrictEqual(plain);
  expect(decodeBinaryBody(PlainSchema, body).hasViews).toBe(false);
});

test("only the memory of a joined body is freed", async () => {
  for (const [length, after] of [
    [LENGTH, 0],
    [100, 100],
  ] as const) {
    const server = await scriptedServer({ headers: binary, body: value.subarray(0, length) });
    const response = await exchange(server.origin);
    expect(Buffer.compare(response.body, value.subarray(0, length))).toBe(0);
    freeJoinedBody(response);
    expect(response.body).toHaveLength(after);
  }
});

test("chunks that are no bytes, as only a dispatcher of one's own gives them, are an error", () => {
  const chunks = ['{"a"', ":1}"] as unknown as Uint8Array[];
  expect(() => joinChunks(chunks, 7)).toThrow(TypeError);
});

function exchange(origin: string): Promise<HttpResponse> {
  const pool = new Pool(origin);
  onTestFinished(() => pool.destroy());
  const request = { origin, verb: "GET", target: "/", headers: [], body: null, idempotent: true };
  return new Promise((resolve, reject) => {
    const listener = { onResponse: resolve, onFailure: reject };
    new UndiciExchange({ ...request, maxResponseBytes: LENGTH }, listener).begin(pool);
  });
}

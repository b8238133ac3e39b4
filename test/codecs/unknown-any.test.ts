import { create, createRegistry, type JsonObject } from "@bufbuild/protobuf";
import { anyIs, anyUnpack, FileDescriptorProtoSchema, StructSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { registryWith } from "../../src/codecs/default-registry.ts";
import { decodeJson, decodeJsonField, encodeJson, jsonTextOf } from "../../src/codecs/json-codec.ts";

// A Status has a list of Any, and represents any message of a service here.
const unknown = {
  "@type": "type.googleapis.com/not.Known",
  count: "9007199254740993",
  list: [1, { a: null }],
};
const json = (details: JsonObject[]) => Buffer.from(JSON.stringify({ code: 5, details }));
const registry = registryWith(undefined);

describe("an Any of an unknown type", () => {
  test("is kept as a Struct", () => {
    const status = decodeJson(StatusSchema, json([unknown]), registry, "kept");
    expect(status.code).toBe(5);
    const [any] = status.details;
    expect(any && anyIs(any, "not.Known")).toBe(false);
    expect(any && anyUnpack(any, StructSchema)).toMatchObject({
      fields: {
        "@type": { kind: { value: unknown["@type"] } },
        count: { kind: { value: "9007199254740993" } },
      },
    });
    expect(JSON.parse(Buffer.from(encodeJson(StatusSchema, status, { registry })).toString())).toMatchObject({
      details: [{ value: unknown }],
    });
  });

  test("is shown to a human reader as it was in JSON", () => {
    const status = decodeJson(StatusSchema, json([unknown]), registry, "kept");
    const text = jsonTextOf(StatusSchema, status, { registry, unknownAny: "shown" });
    expect(JSON.parse(text)).toEqual({ code: 5, details: [unknown] });
  });

  test.each([
    ["of an unknown type", "type.googleapis.com/not.Known"],
    ["whose value is not of its type", "type.googleapis.com/google.rpc.ErrorInfo"],
  ])("%s is shown to a human reader with its bytes", (_what, typeUrl) => {
    const status = create(StatusSchema, { details: [{ typeUrl, value: Uint8Array.of(0x0a, 0x80) }] });
    expect(() => jsonTextOf(StatusSchema, status, { registry })).toThrow(CodecError);
    const text = jsonTextOf(StatusSchema, status, { registry, unknownAny: "shown" });
    expect(JSON.parse(text)).toEqual({ details: [{ "@type": typeUrl, "@value": "CoA=" }] });
  });

  test("is an error by default", () => {
    expect(() => decodeJson(StatusSchema, json([unknown]), registry)).toThrow(CodecError);
  });

  test("does not hide a known one beside it", () => {
    const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "QUOTA" };
    const { details } = decodeJson(StatusSchema, json([unknown, info]), registry, "kept");
    expect(details[1] && anyUnpack(details[1], ErrorInfoSchema)).toEqual(
      create(ErrorInfoSchema, { reason: "QUOTA" }),
    );
  });

  test("is kept inside a known one, and in a body that is a field", () => {
    const nested = { "@type": "type.googleapis.com/google.rpc.Status", details: [unknown] };
    const known = registryWith(createRegistry(StatusSchema));
    const status = decodeJson(StatusSchema, json([nested]), known, "kept");
    const inner = status.details[0] && anyUnpack(status.details[0], StatusSchema);
    expect(inner?.details[0]?.typeUrl).toContain("Struct");
    const body = Buffer.from(JSON.stringify([unknown]));
    expect(decodeJsonField(StatusSchema.field.details, body, registry, "kept")).toMatchObject({
      details: [{ typeUrl: "type.googleapis.com/google.protobuf.Struct" }],
    });
  });
});

test("the registry has the caller's types besides the error details", () => {
  const both = registryWith(createRegistry(JobConfigSchema));
  expect(both.getMessage("bytenite.job.JobConfig")).toBe(JobConfigSchema);
  expect(both.getMessage("google.rpc.ErrorInfo")).toBe(ErrorInfoSchema);
});

test("an object with @type that is not an Any does not change", () => {
  const text = '{"name":"a","@type":"x"}';
  expect(decodeJson(FileDescriptorProtoSchema, Buffer.from(text), registry, "kept")).toMatchObject({
    name: "a",
  });
  const struct = { "@type": "x/not.Known", a: 1 };
  expect(decodeJson(StructSchema, Buffer.from(JSON.stringify(struct)), registry, "kept")).toMatchObject({
    fields: { "@type": {}, a: {} },
  });
});

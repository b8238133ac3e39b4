import { create, equals, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { Binding } from "../../src/transcoding/binding.ts";
import { compileRoute } from "../../src/transcoding/compile-route.ts";
import { isFieldPath, resolveFieldPath } from "../../src/transcoding/field-path.ts";
import { fieldTree } from "../../src/transcoding/field-tree.ts";
import {
  requestContentOf,
  responseContentOf,
  responseFrom,
  withBody,
  withoutFields,
} from "../../src/transcoding/place-body.ts";
import { type Everything, EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { NamesSchema } from "../gen/bytenite/test/v1/names_pb.js";
import { all, names } from "./support/row.ts";
import { ruleMethod } from "./support/rule-method.ts";
import { bodyJson } from "./support/transcode.ts";

const binding = (rule: string): Binding => compileRoute(ruleMethod(rule, EverythingSchema)).bindings[0];

function without(message: Everything, ...paths: string[]): Everything {
  const resolved = paths.map((path) => resolveFieldPath(EverythingSchema, path));
  return withoutFields(message, fieldTree(resolved.filter(isFieldPath)));
}

describe("withoutFields", () => {
  test("copies only the messages along the path", () => {
    const message = all({
      inner: { name: "n", itemCount: 1, innermost: { id: "i", size: 2n } },
      self: { stringValue: "s" },
      stringList: ["a"],
    });
    const before = structuredClone(message);
    const rest = without(message, "inner.innermost.id");
    expect(message).toEqual(before);
    expect(rest).toEqual(
      all({
        inner: { name: "n", itemCount: 1, innermost: { size: 2n } },
        self: { stringValue: "s" },
        stringList: ["a"],
      }),
    );
    expect(rest).not.toBe(message);
    expect(rest.self).toBe(message.self);
    expect(rest.stringList).toBe(message.stringList);
  });

  test("copies nothing if the field is not set", () => {
    const message = all({ int32Value: 1 });
    expect(without(message, "string_value", "inner.name", "choice_string", "opt_string")).toBe(message);
    const withInner = all({ inner: { itemCount: 1 } });
    expect(without(withInner, "inner.name")).toBe(withInner);
  });

  test("removes several fields", () => {
    const message = all({ inner: { name: "n", note: "", itemCount: 1 }, optString: "", int64Wrapper: 0n });
    expect(without(message, "inner.name", "inner.note", "opt_string", "int64_wrapper")).toEqual(
      all({ inner: { itemCount: 1 } }),
    );
  });

  test("removes only the named member of a oneof", () => {
    const message = all({ choice: { case: "choiceString", value: "x" } });
    expect(without(message, "choice_string")).toEqual(all());
    expect(without(message, "choice_int64")).toBe(message);
    expect(message.choice).toEqual({ case: "choiceString", value: "x" });
  });

  test("keeps unknown fields", () => {
    const message = all({ stringValue: "x" });
    message.$unknown = [{ no: 999, wireType: 0, data: new Uint8Array([1]) }];
    expect(without(message, "string_value").$unknown).toEqual(message.$unknown);
  });
});

describe("whether request and response can be binary", () => {
  test.each([
    ["GET /v1", true, true],
    ["POST /v1", true, true],
    ["POST /v1 body:*", true, true],
    ["POST /v1 body:inner", false, true],
    ["POST /v1 body:string_list", false, true],
    ["POST /v1 body:* response_body:*", true, true],
    ["POST /v1 body:* response_body:inner", true, true],
    ["POST /v1 body:* response_body:int64_wrapper", true, true],
    ["POST /v1 body:* response_body:inner_list", true, false],
    ["POST /v1 body:* response_body:string_value", true, false],
    ["POST /v1 body:* response_body:string_map", true, false],
  ])("%s", (rule, request, response) => {
    expect(binding(rule)).toMatchObject({ requestIsMessage: request, responseIsMessage: response });
  });
});

test("a body without a top-level field copies only the message itself", () => {
  const run = binding("POST /jobs/{string_value}/run body:*");
  const message = all({ stringValue: "job", inner: { name: "config" } });
  const content = requestContentOf(run, message);
  expect(content).toEqual({
    kind: "message",
    desc: EverythingSchema,
    message: all({ inner: { name: "config" } }),
  });
  expect(content?.kind === "message" && (content.message as Everything).inner).toBe(message.inner);
  expect(message.stringValue).toBe("job");
});

test("a body that is a field is the caller's own message if no field is removed", () => {
  const message = all({ inner: { name: "x" } });
  const content = requestContentOf(binding("POST /v1 body:inner"), message);
  expect(content?.kind === "message" && content.message).toBe(message.inner);
  expect(requestContentOf(binding("POST /v1"), message)).toBeUndefined();
});

describe("a response_body", () => {
  test.each<[string, Everything, JsonValue, Everything?]>([
    ["inner", all({ inner: { name: "x" }, int32Value: 1 }), { name: "x" }, all({ inner: { name: "x" } })],
    ["inner", all(), {}, all({ inner: {} })],
    ["choice_inner", all({ choice: { case: "choiceInner", value: { name: "x" } } }), { name: "x" }],
    ["int64_wrapper", all({ int64Wrapper: 5n }), "5"],
    ["choice_wrapper", all({ choice: { case: "choiceWrapper", value: { value: "w" } } }), "w"],
    ["struct", all({ struct: { a: [true] } }), { a: [true] }],
    ["timestamp", all({ timestamp: { seconds: 1n } }), "1970-01-01T00:00:01Z"],
  ])("that is a message survives a round trip: %s", (field, message, json, back = message) => {
    const bound = binding(`GET /v1 response_body:${field}`);
    const content = responseContentOf(bound, message);
    expect(bodyJson(content)).toEqual(json);
    if (content.kind !== "message") throw new Error("no message");
    expect(equals(EverythingSchema, responseFrom(bound, content.message) as Everything, back)).toBe(true);
  });

  test.each<[string, Everything, JsonValue]>([
    ["string_value", all({ stringValue: "x" }), "x"],
    ["string_value", all(), ""],
    ["inner_list", all({ innerList: [{ name: "x" }] }), [{ name: "x" }]],
    ["inner_list", all(), []],
    ["string_map", all({ stringMap: { a: "b" } }), { a: "b" }],
  ])("that is not a message is a field: %s", (field, message, json) => {
    const content = responseContentOf(binding(`GET /v1 response_body:${field}`), message);
    expect(content).toMatchObject({
      kind: "field",
      field: EverythingSchema.fields.find(({ name }) => name === field),
    });
    expect(bodyJson(content)).toEqual(json);
  });

  test("is the whole message if the rule has none", () => {
    const bound = binding("GET /v1");
    const message = all({ int32Value: 1 });
    expect(responseContentOf(bound, message)).toEqual({ kind: "message", desc: EverythingSchema, message });
    expect(responseFrom(bound, message)).toBe(message);
  });
});

test("the message of a body is the request message itself", () => {
  const message: Message = names({ foo: "f" });
  const route = compileRoute(ruleMethod("POST /v1/{name} body:*", NamesSchema));
  expect(withBody(route.bindings[0], { kind: "message", desc: NamesSchema, message })).toBe(message);
  expect(withBody(route.bindings[0], undefined)).toEqual(create(NamesSchema));
});

test("a body is ignored if the rule has none", () => {
  const bound = binding("POST /v1");
  const content = { kind: "message", desc: EverythingSchema, message: all({ int32Value: 1 }) } as const;
  expect(toJson(EverythingSchema, withBody(bound, content) as Everything)).toEqual({});
});

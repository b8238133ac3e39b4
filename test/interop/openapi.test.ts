import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Json, wireOf } from "./openapi/wire-of.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

const { about: _, ...published } = JSON.parse(read("./openapi/published.json")) as Json;

/** What protoc-gen-openapiv2 made of proto/bytenite when the gateway was built. */
const ours = read("./.build/ours/openapi/bytenite/customer/customer.swagger.json");

test("our protos say what ByteNite's API description says", () => {
  expect(wireOf(JSON.parse(ours))).toStrictEqual(published);
});

describe("a difference is seen", () => {
  const config = `"taskTimeout": {
          "type": "string",
          "format": "int64"`;
  const property = (name: string) => new RegExp(` *"${name}": \\{[^}]*\\},?\\n`);

  test.each<[what: string, change: (text: string) => string]>([
    ["another path", (text) => text.replace("/jobs/{jobId}/run", "/jobs/{jobId}:run")],
    ["a path less", without("paths", "/jobs/{jobId}/abort")],
    ["another verb", (text) => text.replace('"delete": {', '"post": {')],
    ["another operation id", (text) => text.replace("Customer_RunJob", "Customer_StartJob")],
    ["another name of a path parameter", (text) => text.replace('"name": "jobId"', '"name": "id"')],
    ["a body that may be left out", (text) => text.replace(/("in": "body",\s*"required": )true/, "$1false")],
    [
      "a body that is the config alone",
      (text) => text.replace("#/definitions/CustomerRunJobBody", "#/definitions/jobJobConfig"),
    ],
    [
      "another answer",
      (text) => text.replace("definitions/commonGenericResponse", "definitions/commonError"),
    ],
    ["another error", (text) => text.replace("definitions/rpcStatus", "definitions/commonError")],
    ["another schema name", (text) => text.replaceAll("jobJobConfig", "jobConfig")],
    ["a schema less", without("definitions", "protobufAny")],
    ["another property name", (text) => text.replace('"requestId"', '"request"')],
    ["a property less", (text) => text.replace(property("requestId"), "")],
    [
      "another order",
      (text) => {
        const [moved] = property("requestId").exec(text) ?? [""];
        return text.replace(moved, "").replace(/( *"ok": \{)/, `${moved}$1`);
      },
    ],
    ["another type", (text) => text.replace(config, config.replace('"string"', '"integer"'))],
    ["another format", (text) => text.replace(config, config.replace('"int64"', '"uint64"'))],
    ["something more", (text) => text.replace(config, `${config},\n"readOnly": true`)],
  ])("%s", (_what, change) => {
    const changed = change(ours);
    expect(inOneLine(changed)).not.toBe(inOneLine(ours)); // of which the order is a part
    expect(wireOf(JSON.parse(changed))).not.toStrictEqual(published);
  });
});

const inOneLine = (text: string) => JSON.stringify(JSON.parse(text));

/** Takes one entry out of a part of the description. */
function without(part: "paths" | "definitions", key: string): (text: string) => string {
  return (text) => {
    const description = JSON.parse(text);
    delete description[part][key];
    return JSON.stringify(description);
  };
}

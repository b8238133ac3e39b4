// Compares our protos with the published description of the API, with the generator that ByteNite used.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { differences, type Json, wireOf } from "./openapi/wire-of.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

const published = wireOf(JSON.parse(read("../bytenite-openapi.json")) as Json);

/** The output of protoc-gen-openapiv2 for proto/bytenite, from the build of the gateway. */
const ours = read("./.build/ours/openapi/bytenite/customer/customer.swagger.json");

const operations = ["/jobs/{jobId} delete", "/jobs/{jobId}/abort post", "/jobs/{jobId}/run post"];
const documented = ["400", "401", "403", "404", "500", "503"];

/** The differences by reason, ours first. A .proto cannot express any of them. */
const known: Readonly<Record<string, readonly string[]>> = {
  "the generator describes a gateway, which writes 64-bit integers as text; ByteNite's has them as numbers": [
    ...["commonError properties 0", "jobJobConfig properties 0", "jobJobConfig properties 1"].map(
      (place) => `schemas ${place} type: "string" | "integer"`,
    ),
  ],
  "the generator writes JSON for all content types, because an http rule does not have any": [
    ...operations.flatMap((place) =>
      ["200", "default"].map(
        (status) => `operations ${place} responses ${status} types 1: undefined | "application/x-protobuf"`,
      ),
    ),
    'operations /jobs/{jobId}/run post requestBody types 1: undefined | "application/x-protobuf"',
  ],
  "the statuses of errors are said in annotations, which are for documents only; any body is allowed": [
    ...operations.flatMap((place) =>
      documented.map(
        (status) =>
          `operations ${place} responses ${status}: undefined | {"types":["application/json","application/x-protobuf"],"schema":{}}`,
      ),
    ),
  ],
};

const expected = Object.values(known).flat().sort();

const found = (text: string) => differences(wireOf(JSON.parse(text) as Json), published).sort();

test("our protos match ByteNite's API description, except for what a .proto cannot express", () => {
  expect(found(ours)).toEqual(expected);
});

describe("the comparison finds", () => {
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
    ["a body that is optional", (text) => text.replace(/("in": "body",\s*"required": )true/, "$1false")],
    [
      "a body that is only the config",
      (text) => text.replace("#/definitions/CustomerRunJobBody", "#/definitions/jobJobConfig"),
    ],
    [
      "another response",
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
    ["another type", (text) => text.replace(config, config.replace('"string"', '"boolean"'))],
    ["another format", (text) => text.replace(config, config.replace('"int64"', '"uint64"'))],
    ["something more", (text) => text.replace(config, `${config},\n"readOnly": true`)],
  ])("%s", (_what, change) => {
    const changed = change(ours);
    expect(inOneLine(changed)).not.toBe(inOneLine(ours)); // of which the order is a part
    expect(found(changed)).not.toEqual(expected);
  });
});

const inOneLine = (text: string) => JSON.stringify(JSON.parse(text));

/** Removes one entry from a part of the description. */
function without(part: "paths" | "definitions", key: string): (text: string) => string {
  return (text) => {
    const description = JSON.parse(text);
    delete description[part][key];
    return JSON.stringify(description);
  };
}

import { describe, expect, test } from "vitest";
import { negotiate } from "../../src/testing/gateway/negotiate.ts";

const PB = "application/x-protobuf";
const known = new Set([PB]);

// Rows seen running against a real grpc-gateway v2.30 (wire-facts.md, section 1).
describe("a gateway that knows application/x-protobuf", () => {
  test.each<[what: string, contentType: string[], accept: string[], request: string, response: string]>([
    ["both binary", [PB], [PB], "protobuf", "protobuf"],
    ["no Accept", [PB], [], "protobuf", "protobuf"],
    ["Accept */*", [PB], ["*/*"], "protobuf", "protobuf"],
    ["Accept application/json, which is no key", [PB], ["application/json"], "protobuf", "protobuf"],
    ["a list", [PB], [`${PB}, application/json`], "protobuf", "protobuf"],
    ["a q-value", [PB], [`${PB};q=1`], "protobuf", "protobuf"],
    ["a single star, which is the name of JSON", [PB], ["*"], "protobuf", "json"],
    ["another letter case", ["Application/X-ProtoBuf"], [], "protobuf", "protobuf"],
    ["a parameter", [`${PB}; charset=utf-8`], [], "protobuf", "protobuf"],
    ["a quoted parameter", [`${PB}; messageType="a.b"`], [], "protobuf", "protobuf"],
    ["a semicolon at the end", [`${PB};`], [], "protobuf", "protobuf"],
    ["a parameter without a value", [`${PB}; charset`], [], "json", "json"],
    ["a list of content types", [`${PB}, application/json`], [], "json", "json"],
    ["application/protobuf", ["application/protobuf"], [], "json", "json"],
    ["application/octet-stream", ["application/octet-stream"], [], "json", "json"],
    ["no Content-Type, Accept is binary", [], [PB], "json", "protobuf"],
    ["JSON in, binary out", ["application/json"], [PB], "json", "protobuf"],
    ["nothing said", [], [], "json", "json"],
    ["Accept in another letter case", [], ["Application/X-Protobuf"], "json", "json"],
    ["two lines of Accept, the second one known", [], ["text/html", PB], "json", "protobuf"],
    ["two lines of Content-Type, the first one broken", ["???", PB], [], "protobuf", "protobuf"],
  ])("%s", (_, contentType, accept, request, response) => {
    const lines = [
      ...contentType.map((value) => ["Content-Type", value]),
      ...accept.map((value) => ["ACCEPT", value]),
    ];
    expect(negotiate(lines.flat(), known)).toEqual({ request, response });
  });
});

test("a JSON-only gateway takes everything for JSON", () => {
  expect(negotiate(["content-type", PB, "accept", PB], new Set())).toEqual({
    request: "json",
    response: "json",
  });
});

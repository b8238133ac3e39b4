import { create, createFileRegistry, type DescMessage, setExtension } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { http } from "../../gen/google/api/annotations_pb.js";
import { HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { compileRoute, compileService } from "../../src/transcoding/compile-route.ts";
import { HttpRuleError } from "../../src/transcoding/http-rule-error.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { NamesSchema } from "../gen/bytenite/test/v1/names_pb.js";
import { httpRule, methodWith, type RuleText, ruleMethod } from "./support/rule-method.ts";
import { thrownBy } from "./support/thrown-by.ts";

const call = "example.Service/Call";
const names = "bytenite.test.v1.Names";

const inPaths: readonly (readonly [RuleText, string])[] = [
  ["GET /v1/{nope}", `${call}: column 6 of "/v1/{nope}": ${names} has no field "nope"`],
  [
    "GET /v1/{snakeCaseFirst}",
    `${call}: column 6 of "/v1/{snakeCaseFirst}": ${names} has no field "snakeCaseFirst" (a rule has to say "snake_case_first")`,
  ],
  [
    "GET /v1/{nest.nope}",
    `${call}: column 11 of "/v1/{nest.nope}": bytenite.test.v1.Nest has no field "nope"`,
  ],
  ["GET /v1/{name.sub}", `${call}: column 11 of "/v1/{name.sub}": "name" is not a message`],
  [
    "GET /v1/{tags}",
    `${call}: column 6 of "/v1/{tags}": "tags" is repeated, which cannot be a path variable`,
  ],
  ["GET /v1/{tags.x}", `${call}: column 11 of "/v1/{tags.x}": "tags" is repeated`],
  [
    "GET /v1/{labels}",
    `${call}: column 6 of "/v1/{labels}": "labels" is a map, which cannot be a path variable`,
  ],
  ["GET /v1/{labels.key}", `${call}: column 13 of "/v1/{labels.key}": "labels" is a map`],
  [
    "GET /v1/{nest}",
    `${call}: column 6 of "/v1/{nest}": "nest" is a bytenite.test.v1.Nest, which cannot be a path variable`,
  ],
  ["GET /v1/*", `${call}: column 5 of "/v1/*": "*" outside of a variable cannot be filled`],
  ["GET /v1/**", `${call}: column 5 of "/v1/**": "**" outside of a variable cannot be filled`],
  ["GET /v1/*/{name}", `${call}: column 5 of "/v1/*/{name}": "*" outside of a variable cannot be filled`],
  ["GET /v1/{name", `${call}: column 10 of "/v1/{name": expected "}", got the end`],
  ["GET v1/{name}", `${call}: column 1 of "v1/{name}": expected "/", got "v"`],
  [
    "GET /v1/{parent=a/**}/{name=**}",
    `${call}: column 25 of "/v1/{parent=a/**}/{name=**}": "**" is used twice`,
  ],
  ["GET /v1/{name}/{name}", `${call}: column 13 of "/v1/{name}/{name}": {name} is used twice`],
  [
    "GET /v1/{name=a/{path}}",
    `${call}: column 13 of "/v1/{name=a/{path}}": a variable cannot be inside a variable`,
  ],
  ["POST /v1/{name}:", `${call}: column 12 of "/v1/{name}:": expected a verb, got the end`],
];

const inPathsOfEverything: readonly (readonly [RuleText, string])[] = [
  [
    "GET /v1/{struct}",
    `${call}: column 6 of "/v1/{struct}": "struct" is a google.protobuf.Struct, which cannot be a path variable`,
  ],
  [
    "GET /v1/{any}",
    `${call}: column 6 of "/v1/{any}": "any" is a google.protobuf.Any, which cannot be a path variable`,
  ],
  [
    "GET /v1/{empty}",
    `${call}: column 6 of "/v1/{empty}": "empty" is a google.protobuf.Empty, which cannot be a path variable`,
  ],
  [
    "GET /v1/{timestamp_list}",
    `${call}: column 6 of "/v1/{timestamp_list}": "timestamp_list" is repeated, which cannot be a path variable`,
  ],
  [
    "GET /v1/{int64_wrapper.value}",
    `${call}: column 20 of "/v1/{int64_wrapper.value}": "int64_wrapper" is a google.protobuf.Int64Value, whose fields cannot be path variables`,
  ],
  [
    "GET /v1/{timestamp.seconds}",
    `${call}: column 16 of "/v1/{timestamp.seconds}": "timestamp" is a google.protobuf.Timestamp, whose fields cannot be path variables`,
  ],
  [
    "GET /v1/{choice}",
    `${call}: column 6 of "/v1/{choice}": bytenite.test.v1.Everything has no field "choice"`,
  ],
  [
    "GET /v1/{otherName}",
    `${call}: column 6 of "/v1/{otherName}": bytenite.test.v1.Everything has no field "otherName" (a rule has to say "renamed")`,
  ],
];

const outsideOfPaths: readonly (readonly [RuleText, string])[] = [
  ["GET /v1 body:*", `${call}: "/v1": a GET request cannot have a body`],
  ["GET /v1 body:data", `${call}: "/v1": a GET request cannot have a body`],
  ["HEAD /v1 body:*", `${call}: "/v1": a HEAD request cannot have a body`],
  ["POST /v1 body:nope", `${call}: "/v1": body: ${names} has no field "nope"`],
  [
    "POST /v1 body:snakeCaseBody",
    `${call}: "/v1": body: ${names} has no field "snakeCaseBody" (a rule has to say "snake_case_body")`,
  ],
  ["POST /v1 body:data.nest", `${call}: "/v1": body: "data.nest" is not a field at the top level`],
  ["POST /v1/{name} body:name", `${call}: "/v1/{name}": body: "name" is already in the path`],
  ["POST /v1 response_body:nope", `${call}: "/v1": response_body: ${names} has no field "nope"`],
  [
    "POST /v1 response_body:data.id",
    `${call}: "/v1": response_body: "data.id" is not a field at the top level`,
  ],
  ["CONNECT /v1", `${call}: "/v1": CONNECT opens a tunnel and cannot call a method`],
  ["get /v1", `${call}: "/v1": the custom method "get" is not GET: HTTP methods are case-sensitive`],
  ["Patch /v1", `${call}: "/v1": the custom method "Patch" is not PATCH: HTTP methods are case-sensitive`],
  ["* /v1", `${call}: "/v1": the custom method "*" is not an HTTP method`],
  ["A(B /v1", `${call}: "/v1": "A(B" is not an HTTP method`],
  [" /v1", `${call}: "/v1": the rule has no get, put, post, delete, patch or custom`],
  [["GET /v1/{name}", "POST /v2 body:nope"], `${call}: "/v2": body: ${names} has no field "nope"`],
  [
    ["GET /v1/{nope}/{tags} body:*", "GET /v2/*"],
    `4 problems with http rules:
  ${call}: "/v1/{nope}/{tags}": a GET request cannot have a body
  ${call}: column 6 of "/v1/{nope}/{tags}": ${names} has no field "nope"
  ${call}: column 13 of "/v1/{nope}/{tags}": "tags" is repeated, which cannot be a path variable
  ${call}: column 5 of "/v2/*": "*" outside of a variable cannot be filled`,
  ],
];

function errorOf(rules: RuleText, input: DescMessage) {
  return thrownBy(() => compileRoute(ruleMethod(rules, input)));
}

describe("a rule is invalid", () => {
  test.each([...inPaths, ...outsideOfPaths])("%j", (rules, message) => {
    const error = errorOf(rules, NamesSchema);
    expect(error).toBeInstanceOf(HttpRuleError);
    expect(error).toHaveProperty("message", message);
  });

  test.each(inPathsOfEverything)("%j", (rules, message) => {
    expect(errorOf(rules, EverythingSchema)).toHaveProperty("message", message);
  });
});

describe("a method cannot be called", () => {
  test("without a rule", () => {
    const error = thrownBy(() => compileRoute(methodWith(undefined, NamesSchema)));
    expect(error).toHaveProperty("message", `${call}: the method has no google.api.http rule`);
    expect(error).toHaveProperty("problems", [
      { method: call, rule: "", column: undefined, reason: "the method has no google.api.http rule" },
    ]);
  });

  test("with an empty rule", () => {
    const error = thrownBy(() => compileRoute(methodWith(create(HttpRuleSchema), NamesSchema)));
    expect(error).toHaveProperty(
      "message",
      `${call}: the rule has no get, put, post, delete, patch or custom`,
    );
  });

  test.each([
    ["POST /v1", { clientStreaming: true }],
    ["POST /v1 body:data", { clientStreaming: true }],
    ["POST /v1/{name} body:*", { clientStreaming: true, serverStreaming: true }],
  ])("if %s cannot carry its stream of requests: %j", (rule, streaming) => {
    const method = methodWith(httpRule(rule), NamesSchema, NamesSchema, streaming);
    expect(thrownBy(() => compileRoute(method))).toHaveProperty(
      "message",
      expect.stringContaining('a stream of requests needs a rule with body: "*" and without path variables'),
    );
  });

  test("if its additional_bindings have additional_bindings", () => {
    const rule = httpRule("GET /v1");
    const inner = httpRule("GET /v2");
    inner.additionalBindings = [httpRule("GET /v3")];
    rule.additionalBindings = [inner];
    expect(thrownBy(() => compileRoute(methodWith(rule, NamesSchema)))).toHaveProperty(
      "message",
      `${call}: "/v2": additional_bindings cannot have additional_bindings`,
    );
  });
});

describe("a service", () => {
  const service = (rules: Readonly<Record<string, string>>) => {
    const type = `.${NamesSchema.typeName}`;
    const file = create(FileDescriptorProtoSchema, {
      name: "example.proto",
      package: "example",
      syntax: "proto3",
      dependency: [NamesSchema.file.proto.name],
      service: [
        {
          name: "Service",
          method: Object.entries(rules).map(([name, rule]) => {
            const options = create(MethodOptionsSchema);
            if (rule !== "") setExtension(options, http, httpRule(rule));
            return { name, inputType: type, outputType: type, options };
          }),
        },
      ],
    });
    const found = createFileRegistry(file, () => NamesSchema.file).getService("example.Service");
    if (found === undefined) throw new Error("no service");
    return found;
  };

  test("reports the problems of all of its methods at once", () => {
    const error = thrownBy(() =>
      compileService(
        service({ Good: "GET /v1", NoRule: "", Bad: "GET /v1/{nope}", Worse: "GET v1 body:nope" }),
      ),
    );
    expect(error).toHaveProperty(
      "message",
      `4 problems with http rules:
  example.Service/Bad: column 6 of "/v1/{nope}": ${names} has no field "nope"
  example.Service/Worse: "v1": a GET request cannot have a body
  example.Service/Worse: column 1 of "v1": expected "/", got "v"
  example.Service/Worse: "v1": body: ${names} has no field "nope"`,
    );
  });

  test("has a route for each method with a rule, compiled once", () => {
    const good = service({ One: "GET /v1/{name}", Two: "POST /v1 body:data response_body:nest", NoRule: "" });
    const routes = compileService(good);
    expect([...routes.keys()]).toEqual(good.methods.slice(0, 2));
    for (const [method, route] of routes) expect(compileRoute(method)).toBe(route);
  });
});

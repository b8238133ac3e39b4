import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  setExtension,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { http } from "../../../gen/google/api/annotations_pb.js";
import { type HttpRule, HttpRuleSchema } from "../../../gen/google/api/http_pb.js";

/**
 * Http rules as text, one for each binding: `"GET /v1/{name}"`, `"POST /v1 body:data response_body:items"`.
 */
export type RuleText = string | readonly [string, ...string[]];

/** Makes a method with these rules, `example.Service/Call`, as if it had been generated. */
export function ruleMethod(rules: RuleText, input: DescMessage, output: DescMessage = input): DescMethod {
  const [rule, ...additional] = typeof rules === "string" ? [rules] : rules;
  const main = httpRule(rule);
  main.additionalBindings = additional.map(httpRule);
  return methodWith(main, input, output);
}

/** The same for a rule that text cannot say, or for none. */
export function methodWith(
  rule: HttpRule | undefined,
  input: DescMessage,
  output: DescMessage = input,
  streaming: { clientStreaming?: boolean; serverStreaming?: boolean } = {},
): DescMethod {
  const options = create(MethodOptionsSchema);
  if (rule !== undefined) setExtension(options, http, rule);
  const file = create(FileDescriptorProtoSchema, {
    name: "example.proto",
    package: "example",
    syntax: "proto3",
    dependency: [...new Set([input, output].map(({ file }) => file.proto.name))],
    service: [
      {
        name: "Service",
        method: [
          {
            name: "Call",
            inputType: `.${input.typeName}`,
            outputType: `.${output.typeName}`,
            options,
            ...streaming,
          },
        ],
      },
    ],
  });
  const files = [input.file, output.file];
  const registry = createFileRegistry(file, (name) => files.find(({ proto }) => proto.name === name));
  const method = registry.getService("example.Service")?.methods[0];
  if (method === undefined) throw new Error("the descriptor has no method");
  return method;
}

const simpleVerbs: ReadonlySet<string> = new Set(["get", "put", "post", "delete", "patch"]);

/** Reads the text of one rule. */
export function httpRule(text: string): HttpRule {
  const match = /^(\S*) (.*?)(?: body:(\S+))?(?: response_body:(\S+))?$/.exec(text);
  const [, verb = "", path = "", body = "", responseBody = ""] = match ?? [];
  // What is not in capitals can only be a custom method.
  const kind = verb === verb.toUpperCase() ? verb.toLowerCase() : "";
  const pattern = simpleVerbs.has(kind)
    ? { case: kind as "get", value: path }
    : { case: "custom" as const, value: { kind: verb, path } };
  return create(HttpRuleSchema, { pattern, body, responseBody });
}

import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescMethod,
  type DescService,
  setExtension,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { http } from "../../../gen/google/api/annotations_pb.js";
import { type HttpRule, HttpRuleSchema } from "../../../gen/google/api/http_pb.js";

/**
 * Http rules as text, one for each binding: `"GET /v1/{name}"`, `"POST /v1 body:data response_body:items"`.
 */
export type RuleText = string | readonly [string, ...string[]];

/** Makes the descriptor of a method with these rules, `example.Service/Call`. */
export function ruleMethod(rules: RuleText, input: DescMessage, output: DescMessage = input): DescMethod {
  const [rule, ...additional] = typeof rules === "string" ? [rules] : rules;
  const main = httpRule(rule);
  main.additionalBindings = additional.map(httpRule);
  return methodWith(main, input, output);
}

/** Makes the descriptor of a method with any rule, or without one. */
export function methodWith(
  rule: HttpRule | undefined,
  input: DescMessage,
  output: DescMessage = input,
  streaming: { clientStreaming?: boolean; serverStreaming?: boolean } = {},
): DescMethod {
  const [method] = serviceOf([["Call", { rule, ...streaming }]], input, output).methods;
  if (method === undefined) throw new Error("the descriptor has no method");
  return method;
}

/** Makes the descriptor of `example.Service`, with a method for each name and rule. */
export function ruleService(
  rules: ReadonlyMap<string, string>,
  input: DescMessage,
  output: DescMessage = input,
): DescService {
  return serviceOf(
    [...rules].map(([name, rule]) => [name, { rule: httpRule(rule) }]),
    input,
    output,
  );
}

interface MethodInit {
  readonly rule: HttpRule | undefined;
  readonly clientStreaming?: boolean;
  readonly serverStreaming?: boolean;
}

function serviceOf(
  methods: readonly (readonly [name: string, MethodInit])[],
  input: DescMessage,
  output: DescMessage,
): DescService {
  const method = methods.map(([name, { rule, ...streaming }]) => {
    const options = create(MethodOptionsSchema);
    if (rule !== undefined) setExtension(options, http, rule);
    return {
      name,
      inputType: `.${input.typeName}`,
      outputType: `.${output.typeName}`,
      options,
      ...streaming,
    };
  });
  const files = [input.file, output.file];
  const file = create(FileDescriptorProtoSchema, {
    name: "example.proto",
    package: "example",
    syntax: "proto3",
    dependency: [...new Set(files.map(({ proto }) => proto.name))],
    service: [{ name: "Service", method }],
  });
  const registry = createFileRegistry(file, (name) => files.find(({ proto }) => proto.name === name));
  const service = registry.getService("example.Service");
  if (service === undefined) throw new Error("the descriptor has no service");
  return service;
}

const simpleVerbs: ReadonlySet<string> = new Set(["get", "put", "post", "delete", "patch"]);

/** Parses the text of one rule. */
export function httpRule(text: string): HttpRule {
  const match = /^(\S*) (.*?)(?: body:(\S+))?(?: response_body:(\S+))?$/.exec(text);
  const [, verb = "", path = "", body = "", responseBody = ""] = match ?? [];
  // A verb that is not in capital letters can only be a custom method.
  const kind = verb === verb.toUpperCase() ? verb.toLowerCase() : "";
  const pattern = simpleVerbs.has(kind)
    ? { case: kind as "get", value: path }
    : { case: "custom" as const, value: { kind: verb, path } };
  return create(HttpRuleSchema, { pattern, body, responseBody });
}

import { rpcName } from "../../transcoding/rpc-name.ts";
import type { Command } from "../command.ts";
import { encodingOption, requiredText, serverOptions, UsageError } from "../options.ts";
import { readDescriptors } from "./descriptors.ts";
import { findMethod } from "./find-method.ts";
import { listMethods } from "./list-methods.ts";
import { makeCall } from "./make-call.ts";
import { headersFrom, queryFrom } from "./named-values.ts";
import { readRules } from "./rules-file.ts";

/** `bytenite-jobs call <pkg.Service/Method> [json]`. */
export const callCommand: Command = {
  name: "call",
  operands: ["<pkg.Service/Method>", "[json]"],
  flagWithoutOperands: "list",
  summary: "call a method of any service that has google.api.http rules",
  details: [
    "The request is a message in protobuf's JSON form, `-` to read it from standard input, or empty. The response is",
    "printed in the same form. `buf build -o api.binpb` writes the descriptor file.",
    "",
    "A stream of requests is any number of such messages, one after the other; those of standard input are sent as they",
    "come. Each message of a stream of responses is printed in a line, as it comes. Ctrl-C ends the stream.",
    "",
    "This command reads no environment variables, and knows no default server: it calls --base-url, and sends a",
    "credential only if --header or --query gives it. `--header @file` reads headers from a file, one in each line: other",
    "users of this machine can see options, and your shell keeps them in its history.",
  ],
  options: {
    descriptors: {
      type: "string",
      value: "<file>",
      help: "the types and services, as buf or protoc writes them",
    },
    "base-url": { type: "string", value: "<url>", help: "the base URL of the service" },
    header: {
      type: "string",
      multiple: true,
      short: "H",
      value: "<header>",
      help: "a header, as 'Name: value' or @file; may be repeated",
    },
    query: {
      type: "string",
      multiple: true,
      value: "<parameter>",
      help: "a query parameter, as name=value or @file; may be repeated",
    },
    rules: {
      type: "string",
      value: "<file>",
      help: "http rules in JSON, for methods without, or with other ones",
    },
    list: { type: "boolean", help: "print the methods and their routes, and call nothing" },
    verbose: {
      type: "boolean",
      short: "v",
      help: "also print the requests and responses, without credentials",
    },
    ...encodingOption,
    ...serverOptions,
    timeout: {
      ...serverOptions.timeout,
      help: "deadline of the call; 0 for none [30000; none for a stream]",
    },
  },
  async execute(context) {
    const { options } = context;
    const registry = await readDescriptors(requiredText(options, "descriptors", "<file>"));
    const { json, httpRules } = await readRules(options.text("rules"));
    const [name] = options.positionals;
    if (options.flag("list")) return listMethods(registry, httpRules, name, context);
    const method = findMethod(registry, name ?? "");
    if (httpRules.of(method).length === 0) {
      throw new UsageError(`${rpcName(method)} has no google.api.http rule; --rules can give it one`);
    }
    const headers = await headersFrom(options.texts("header"));
    const query = await queryFrom(options.texts("query"));
    return makeCall(method, registry, { headers, query, httpRules: json }, context);
  },
};

import type { DescMethod, FileRegistry } from "@bufbuild/protobuf";
import type { BindingRule } from "../../transcoding/binding-rule.ts";
import { compileRoute } from "../../transcoding/compile-route.ts";
import { HttpRuleError } from "../../transcoding/http-rule-error.ts";
import type { HttpRules } from "../../transcoding/http-rules.ts";
import { rpcName } from "../../transcoding/rpc-name.ts";
import type { CommandContext } from "../command.ts";
import { ExitStatus } from "../exit-status.ts";
import { escapeControls } from "../terminal.ts";
import { findMethod, methodsOf } from "./find-method.ts";

/**
 * Prints the methods of a descriptor file with their routes.
 *
 * @param name a service or a method; undefined for all
 * @throws UsageError if there is none of that name
 */
export function listMethods(
  registry: FileRegistry,
  httpRules: HttpRules,
  name: string | undefined,
  { terminal, isJson }: CommandContext,
): ExitStatus {
  const ofService = methodsOf(registry).filter(
    ({ parent }) => name === undefined || parent.typeName === name,
  );
  const methods = ofService.length > 0 || name === undefined ? ofService : [findMethod(registry, name)];
  if (isJson) {
    const listed = methods.map((method) => methodJson(method, httpRules));
    terminal.out(JSON.stringify({ ok: true, command: "call", methods: listed }));
    return ExitStatus.Ok;
  }
  const rows = methods.flatMap((method) => methodRows(method, httpRules));
  const width = Math.max(...rows.map(([left]) => left.length));
  terminal.out(rows.map(([left, right]) => escapeControls(`${left.padEnd(width)}  ${right}`)).join("\n"));
  return ExitStatus.Ok;
}

function methodJson(method: DescMethod, httpRules: HttpRules): object {
  return {
    method: rpcName(method),
    input: method.input.typeName,
    output: method.output.typeName,
    kind: method.methodKind,
    // Empty texts are left out, as in the JSON form of a rule.
    bindings: httpRules.of(method).map(({ verb, path, body, responseBody }) => ({
      verb,
      path,
      body: body || undefined,
      responseBody: responseBody || undefined,
    })),
    problem: problemWith(method, httpRules),
  };
}

function methodRows(method: DescMethod, httpRules: HttpRules): (readonly [string, string])[] {
  const name = rpcName(method);
  const problem = problemWith(method, httpRules);
  if (problem !== undefined) return [[name, `(${problem})`]];
  const kind = method.methodKind === "unary" ? "" : `  (${streamingKind(method)})`;
  return httpRules.of(method).map((rule) => [name, `${routeText(rule)}${kind}`]);
}

function routeText({ verb, path, body, responseBody }: BindingRule): string {
  const parts = [`${verb.padEnd(6)} ${path}`];
  if (body !== "") parts.push(`body: ${body}`);
  if (responseBody !== "") parts.push(`response_body: ${responseBody}`);
  return parts.join("  ");
}

/** Why no rule leads to a method; undefined if one does. */
function problemWith(method: DescMethod, httpRules: HttpRules): string | undefined {
  try {
    compileRoute(method, undefined, httpRules);
    return undefined;
  } catch (error) {
    if (!(error instanceof HttpRuleError)) throw error;
    return error.problems.map(({ reason }) => reason).join("; ");
  }
}

/** The kind of a streaming method, for instance `server streaming`. */
function streamingKind({ methodKind }: DescMethod): string {
  return methodKind.replace("_", " ").replace("bidi", "bidirectional");
}

import type { DescField, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { isToken } from "../http/token.ts";
import type { Binding, PathVariable, RequestBody } from "./binding.ts";
import type { BindingRule } from "./binding-rule.ts";
import { compileQueryBuilder } from "./build-query.ts";
import { type FieldPath, isFieldPath, noSuchField, resolveFieldPath } from "./field-path.ts";
import { type FieldMaskForm, fieldText } from "./field-text.ts";
import { type FieldTree, fieldTree } from "./field-tree.ts";
import { compilePathFiller } from "./fill-path.ts";
import { isHttpBody } from "./http-body.ts";
import { streamsRequests, streamsResponses } from "./method-kind.ts";
import {
  type PathTemplate,
  parsePathTemplate,
  TemplateError,
  type TemplateVariable,
} from "./path-template.ts";

/** Reports a problem of a rule, with its column in the path (counted from 1) if it is in the path. */
export type ReportProblem = (reason: string, column?: number) => void;

/** A rule that is valid for its method, with its parsed parts. */
export interface ValidRule {
  readonly verb: string;
  readonly template: PathTemplate;
  readonly variables: readonly PathVariable[];
  /** `"*"`, or the field of that name; undefined if the rule has no body. */
  readonly body: "*" | DescField | undefined;
  readonly responseField: DescField | undefined;
}

/**
 * Validates an http rule against the method's messages. It compiles nothing yet, because a client may call only a few
 * methods of a service.
 *
 * @param onProblem is called with each problem
 * @returns undefined if there is a problem
 */
export function validateRule(
  { input, output }: DescMethod,
  rule: BindingRule,
  onProblem: ReportProblem,
): ValidRule | undefined {
  let isValid = true;
  const report: ReportProblem = (reason, column) => {
    isValid = false;
    onProblem(reason, column);
  };
  const template = validateRuleSyntax(rule, report);
  const variables = template === undefined ? [] : variablesOf(template, input, report);
  const body = bodyOf(rule, input, variables, report);
  const responseField = responseFieldOf(rule, output, report);
  if (!isValid || template === undefined) return undefined;
  return { verb: rule.verb, template, variables, body, responseField };
}

/** Validates what does not depend on the method's messages. Returns undefined if the rule has no valid template. */
export function validateRuleSyntax(rule: BindingRule, report: ReportProblem): PathTemplate | undefined {
  validateVerb(rule, report);
  if (rule.isNested) report("additional_bindings cannot have additional_bindings");
  return rule.verb === "" ? undefined : parseTemplate(rule.path, report);
}

/**
 * Compiles a rule, so that a call only fills in its values.
 *
 * @param queryFieldMask how a FieldMask is written in the query
 */
export function compileBinding(method: DescMethod, rule: ValidRule, queryFieldMask: FieldMaskForm): Binding {
  const { verb, template, variables, responseField } = rule;
  const requestBody = requestBodyOf(rule, method.input);
  const notInQuery = notInQueryOf(requestBody, variables);
  const isRawBody = rule.body !== undefined && isHttpBody(rule.body === "*" ? method.input : rule.body);
  const requestIsRaw = isRawBody && !streamsRequests(method);
  const responseIsRaw = isHttpBody(responseField ?? method.output) && !streamsResponses(method);
  return Object.freeze({
    method,
    verb,
    template,
    variables: Object.freeze(variables),
    requestBody: Object.freeze(requestBody),
    responseField,
    requestIsRaw,
    responseIsRaw,
    requestIsMessage: requestBody.kind !== "field" && !requestIsRaw && !streamsRequests(method),
    responseIsMessage:
      (responseField === undefined || responseField.fieldKind === "message") &&
      !responseIsRaw &&
      !streamsResponses(method),
    notInQuery,
    fillPath: compilePathFiller(template, variables),
    buildQuery:
      notInQuery === undefined ? () => "" : compileQueryBuilder(method.input, notInQuery, queryFieldMask),
  });
}

/** The methods of RFC 9110, section 9.3, and RFC 5789. */
const standardVerbs = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
]);

function validateVerb({ verb, body }: BindingRule, report: ReportProblem): void {
  if (verb === "") report("the rule has no get, put, post, delete, patch or custom");
  else if (verb === "*") report('the custom method "*" is not an HTTP method');
  else if (!isToken(verb)) report(`"${verb}" is not an HTTP method`);
  else if (verb === "CONNECT") report("CONNECT opens a tunnel and cannot call a method");
  else if (standardVerbs.has(verb.toUpperCase()) && verb !== verb.toUpperCase()) {
    report(`the custom method "${verb}" is not ${verb.toUpperCase()}: HTTP methods are case-sensitive`);
  } else if (body !== "" && (verb === "GET" || verb === "HEAD"))
    report(`a ${verb} request cannot have a body`);
}

function parseTemplate(path: string, report: ReportProblem): PathTemplate | undefined {
  try {
    return parsePathTemplate(path);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    report(error.reason, error.column);
    return undefined;
  }
}

function variablesOf(template: PathTemplate, input: DescMessage, report: ReportProblem): PathVariable[] {
  const variables: PathVariable[] = [];
  for (const part of template.parts) {
    if (part.kind === "variable") {
      const variable = variableOf(part, input, report);
      if (variable !== undefined) variables.push(variable);
    } else if (part.kind !== "literal") {
      // A gateway accepts any text there, but no field of the message has that text.
      report(`"${part.kind}" outside of a variable cannot be filled`, part.column);
    }
  }
  return variables;
}

function variableOf(
  { name, column, segments }: TemplateVariable,
  input: DescMessage,
  report: ReportProblem,
): PathVariable | undefined {
  const field = resolveFieldPath(input, name);
  if (!isFieldPath(field)) {
    report(field.reason, column + field.offset);
    return undefined;
  }
  const last = field.at(-1);
  const text = last && last.fieldKind !== "list" ? fieldText(last) : undefined;
  if (last === undefined || text === undefined) {
    report(`"${name}" is ${last && describeKind(last)}, which cannot be a path variable`, column);
    return undefined;
  }
  const multiSegment = segments.length > 1 || segments.some(({ kind }) => kind === "**");
  return Object.freeze({ name, field: Object.freeze(field), text, segments, multiSegment });
}

function describeKind(field: DescField): string {
  if (field.fieldKind === "list") return "repeated";
  if (field.fieldKind === "map") return "a map";
  return `a ${field.message?.typeName}`;
}

function bodyOf(
  { body }: BindingRule,
  input: DescMessage,
  variables: readonly PathVariable[],
  report: ReportProblem,
): ValidRule["body"] {
  if (body === "" || body === "*") return body || undefined;
  const field = topLevelField("body", body, input, report);
  if (variables.some((variable) => variable.field.length === 1 && variable.field[0] === field)) {
    report(`body: "${body}" is already in the path`);
  }
  return field;
}

function requestBodyOf({ body, variables }: ValidRule, input: DescMessage): RequestBody {
  if (body === undefined) return { kind: "none" };
  const paths = variables.map(({ field }) => field).filter(isOptional);
  if (body === "*") return { kind: "message", desc: input, bound: fieldTree(paths) };
  const inside = paths.filter(([first]) => first === body).map((path) => path.slice(1));
  return { kind: "field", field: body, bound: fieldTree(inside) };
}

/** Whether a field may be left out of the body. A message cannot be encoded without a required field of proto2. */
function isOptional(path: FieldPath): boolean {
  return path.at(-1)?.presence !== FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

function responseFieldOf(
  { responseBody }: BindingRule,
  output: DescMessage,
  report: ReportProblem,
): DescField | undefined {
  if (responseBody === "" || responseBody === "*") return undefined;
  return topLevelField("response_body", responseBody, output, report);
}

/** http.proto: "the referred field must be present at the top-level of the … message type". */
function topLevelField(
  option: string,
  name: string,
  message: DescMessage,
  report: ReportProblem,
): DescField | undefined {
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field !== undefined) return field;
  if (name.includes(".")) report(`${option}: "${name}" is not a field at the top level`);
  else report(`${option}: ${noSuchField(message, name)}`);
  return undefined;
}

function notInQueryOf(body: RequestBody, variables: readonly PathVariable[]): FieldTree | undefined {
  if (body.kind === "message") return undefined;
  const paths = variables.map(({ field }) => field);
  if (body.kind === "none") return fieldTree(paths);
  return fieldTree([...paths.filter(([first]) => first !== body.field), [body.field]]);
}

import type { DescField, DescMessage, DescMethod, DescMethodUnary } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { isToken } from "../http/token.ts";
import type { Binding, FieldPath, PathVariable, RequestBody } from "./binding.ts";
import { compileQuery } from "./build-query.ts";
import { isFieldPath, noSuchField, resolveFieldPath } from "./field-path.ts";
import { type FieldMaskForm, fieldText } from "./field-text.ts";
import { type FieldTree, fieldTree } from "./field-tree.ts";
import { compilePath } from "./fill-path.ts";
import type { BindingRule } from "./http-rule.ts";
import { type PathTemplate, parsePathTemplate, type TemplateVariable } from "./path-template.ts";
import { TemplateError } from "./template-error.ts";

/** What is wrong with a rule, and where in its path (counted from 1), if it is there. */
export type ReportProblem = (reason: string, column?: number) => void;

/** A rule that fits its method, with what was found out on the way. */
export interface SoundRule {
  readonly verb: string;
  readonly template: PathTemplate;
  readonly variables: readonly PathVariable[];
  /** `"*"`, or the field of that name; undefined if the rule has no body. */
  readonly body: "*" | DescField | undefined;
  readonly responseField: DescField | undefined;
}

/**
 * Checks one http rule against the method's messages, and works out no more than that takes: of the methods of a
 * service, few may ever be called.
 *
 * @param complain is told of everything that is wrong
 * @returns undefined if anything is
 */
export function checkRule(
  { input, output }: DescMethod,
  rule: BindingRule,
  complain: ReportProblem,
): SoundRule | undefined {
  let isSound = true;
  const refuse: ReportProblem = (reason, column) => {
    isSound = false;
    complain(reason, column);
  };
  checkVerb(rule, refuse);
  if (rule.isNested) refuse("additional_bindings cannot have additional_bindings");
  const template = rule.verb === "" ? undefined : parsed(rule.path, refuse);
  const variables = template === undefined ? [] : variablesOf(template, input, refuse);
  const body = bodyOf(rule, input, variables, refuse);
  const responseField = responseFieldOf(rule, output, refuse);
  if (!isSound || template === undefined) return undefined;
  return { verb: rule.verb, template, variables, body, responseField };
}

/**
 * Works out all of a rule that does not depend on a call.
 *
 * @param queryFieldMask how a FieldMask stands in the query
 */
export function compileBinding(
  method: DescMethodUnary,
  rule: SoundRule,
  queryFieldMask: FieldMaskForm,
): Binding {
  const { verb, template, variables, responseField } = rule;
  const requestBody = requestBodyOf(rule, method.input);
  const notInQuery = notInQueryOf(requestBody, variables);
  return Object.freeze({
    method,
    verb,
    template,
    variables: Object.freeze(variables),
    requestBody: Object.freeze(requestBody),
    responseField,
    requestIsMessage: requestBody.kind !== "field",
    responseIsMessage: responseField === undefined || responseField.fieldKind === "message",
    notInQuery,
    fillPath: compilePath(template, variables),
    buildQuery: notInQuery === undefined ? () => "" : compileQuery(method.input, notInQuery, queryFieldMask),
  });
}

/** Of RFC 9110, section 9.3, and RFC 5789. */
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

function checkVerb({ verb, body }: BindingRule, refuse: ReportProblem): void {
  if (verb === "") refuse("the rule has no get, put, post, delete, patch or custom");
  else if (verb === "*") refuse('the custom method "*" says nothing that could be sent');
  else if (!isToken(verb)) refuse(`"${verb}" is no HTTP method`);
  else if (verb === "CONNECT") refuse("CONNECT opens a tunnel and calls nothing");
  else if (standardVerbs.has(verb.toUpperCase()) && verb !== verb.toUpperCase()) {
    refuse(`the custom method "${verb}" is not ${verb.toUpperCase()}: HTTP methods are case-sensitive`);
  } else if (body !== "" && (verb === "GET" || verb === "HEAD"))
    refuse(`a ${verb} request cannot have a body`);
}

function parsed(path: string, refuse: ReportProblem): PathTemplate | undefined {
  try {
    return parsePathTemplate(path);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    refuse(error.reason, error.column);
    return undefined;
  }
}

function variablesOf(template: PathTemplate, input: DescMessage, refuse: ReportProblem): PathVariable[] {
  const variables: PathVariable[] = [];
  for (const part of template.parts) {
    if (part.kind === "variable") {
      const variable = variableOf(part, input, refuse);
      if (variable !== undefined) variables.push(variable);
    } else if (part.kind !== "literal") {
      // A gateway would take any text there, but no field of the message says which.
      refuse(`"${part.kind}" outside of a variable cannot be filled`, part.column);
    }
  }
  return variables;
}

function variableOf(
  { name, column, segments }: TemplateVariable,
  input: DescMessage,
  refuse: ReportProblem,
): PathVariable | undefined {
  const field = resolveFieldPath(input, name);
  if (!isFieldPath(field)) {
    refuse(field.reason, column + field.offset);
    return undefined;
  }
  const last = field.at(-1);
  const text = last && last.fieldKind !== "list" ? fieldText(last) : undefined;
  if (last === undefined || text === undefined) {
    refuse(`"${name}" is ${last && what(last)}, which cannot stand in a path`, column);
    return undefined;
  }
  const multiSegment = segments.length > 1 || segments.some(({ kind }) => kind === "**");
  return Object.freeze({ name, field: Object.freeze(field), text, segments, multiSegment });
}

function what(field: DescField): string {
  if (field.fieldKind === "list") return "repeated";
  if (field.fieldKind === "map") return "a map";
  return `a ${field.message?.typeName}`;
}

function bodyOf(
  { body }: BindingRule,
  input: DescMessage,
  variables: readonly PathVariable[],
  refuse: ReportProblem,
): SoundRule["body"] {
  if (body === "" || body === "*") return body || undefined;
  const field = topLevelField("body", body, input, refuse);
  if (variables.some((variable) => variable.field.length === 1 && variable.field[0] === field)) {
    refuse(`body: "${body}" is already in the path`);
  }
  return field;
}

function requestBodyOf({ body, variables }: SoundRule, input: DescMessage): RequestBody {
  if (body === undefined) return { kind: "none" };
  const paths = variables.map(({ field }) => field).filter(isOptional);
  if (body === "*") return { kind: "message", desc: input, bound: fieldTree(paths) };
  const inside = paths.filter(([first]) => first === body).map((path) => path.slice(1));
  return { kind: "field", field: body, bound: fieldTree(inside) };
}

/** A required field of proto2 stays in the body: without it, the message could not be encoded. */
function isOptional(path: FieldPath): boolean {
  return path.at(-1)?.presence !== FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

function responseFieldOf(
  { responseBody }: BindingRule,
  output: DescMessage,
  refuse: ReportProblem,
): DescField | undefined {
  if (responseBody === "" || responseBody === "*") return undefined;
  return topLevelField("response_body", responseBody, output, refuse);
}

/** http.proto: "the referred field must be present at the top-level of the … message type". */
function topLevelField(
  option: string,
  name: string,
  message: DescMessage,
  refuse: ReportProblem,
): DescField | undefined {
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field !== undefined) return field;
  if (name.includes(".")) refuse(`${option}: "${name}" is not a field at the top level`);
  else refuse(`${option}: ${noSuchField(message, name)}`);
  return undefined;
}

function notInQueryOf(body: RequestBody, variables: readonly PathVariable[]): FieldTree | undefined {
  if (body.kind === "message") return undefined;
  const paths = variables.map(({ field }) => field);
  if (body.kind === "none") return fieldTree(paths);
  return fieldTree([...paths.filter(([first]) => first !== body.field), [body.field]]);
}

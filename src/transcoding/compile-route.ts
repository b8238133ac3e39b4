import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Route } from "./binding.ts";
import { compileBinding, type ValidRule, validateRule } from "./compile-binding.ts";
import type { FieldMaskForm } from "./field-text.ts";
import { HttpRuleError, type HttpRuleProblem } from "./http-rule-error.ts";
import { annotations, type HttpRules } from "./http-rules.ts";
import { streamsRequests } from "./method-kind.ts";
import { rpcName } from "./rpc-name.ts";

/**
 * Compiles the http rules of a method.
 *
 * @param queryFieldMask how a FieldMask is written in the query
 * @param httpRules the rules of the method
 * @throws {@link HttpRuleError} with all problems, also if the method has no rule, or if its rule cannot carry a stream of
 * requests
 */
export function compileRoute(
  method: DescMethod,
  queryFieldMask: FieldMaskForm = "snake_case",
  httpRules: HttpRules = annotations,
): Route {
  const { routes } = compiledFrom(httpRules);
  const known = routes[queryFieldMask].get(method);
  if (known !== undefined) return known;
  const problems: HttpRuleProblem[] = [];
  const rules = validRules(method, httpRules, problems);
  if (rules.length === 0 && problems.length === 0) {
    problems.push(problem(method, "the method has no google.api.http rule"));
  }
  if (streamsRequests(method)) {
    for (const rule of rules) if (!carriesRequests(rule)) problems.push(problem(method, NO_STREAM, rule));
  }
  const [first, ...others] = rules;
  if (first === undefined || problems.length > 0) throw new HttpRuleError(problems);
  const bindings = [
    compileBinding(method, first, queryFieldMask),
    ...others.map((rule) => compileBinding(method, rule, queryFieldMask)),
  ] as const;
  const route = Object.freeze({ method, bindings: Object.freeze(bindings) });
  routes[queryFieldMask].set(method, route);
  return route;
}

/** What has been compiled from some http rules, so that it is compiled once. */
interface Compiled {
  readonly routes: Readonly<Record<FieldMaskForm, WeakMap<DescMethod, Route>>>;
  readonly validServices: WeakSet<DescService>;
}

const compiled = new WeakMap<HttpRules, Compiled>();

function compiledFrom(httpRules: HttpRules): Compiled {
  let known = compiled.get(httpRules);
  if (known === undefined) {
    const routes = { snake_case: new WeakMap(), camelCase: new WeakMap() };
    known = { routes, validServices: new WeakSet() };
    compiled.set(httpRules, known);
  }
  return known;
}

/**
 * Validates the http rules of all methods of a service. It compiles no routes: a route is compiled when its method is
 * first called. A method without a rule, or with one that cannot carry its stream, is valid, because the others can be
 * called.
 *
 * @throws {@link HttpRuleError} with all problems of all rules
 */
export function validateService(service: DescService, httpRules: HttpRules = annotations): void {
  const { validServices } = compiledFrom(httpRules);
  if (validServices.has(service)) return;
  const problems: HttpRuleProblem[] = [];
  for (const method of service.methods) validRules(method, httpRules, problems);
  if (problems.length > 0) throw new HttpRuleError(problems);
  validServices.add(service);
}

/**
 * Compiles the http rules of all methods of a service that have rules which can carry them.
 *
 * @throws {@link HttpRuleError} with all problems of all rules
 */
export function compileService(
  service: DescService,
  httpRules: HttpRules = annotations,
): ReadonlyMap<DescMethod, Route> {
  validateService(service, httpRules);
  const routes = new Map<DescMethod, Route>();
  for (const method of service.methods) {
    const rules = validRules(method, httpRules, []);
    if (rules.length === 0 || (streamsRequests(method) && !rules.every(carriesRequests))) continue;
    routes.set(method, compileRoute(method, "snake_case", httpRules));
  }
  return routes;
}

function validRules(method: DescMethod, httpRules: HttpRules, problems: HttpRuleProblem[]): ValidRule[] {
  const valid: ValidRule[] = [];
  for (const rule of httpRules.of(method)) {
    const validRule = validateRule(method, rule, (reason, column) => {
      problems.push({ method: rpcName(method), rule: rule.path, column, reason });
    });
    if (validRule !== undefined) valid.push(validRule);
  }
  return valid;
}

function problem(method: DescMethod, reason: string, rule?: ValidRule): HttpRuleProblem {
  return { method: rpcName(method), rule: rule?.template.text ?? "", column: undefined, reason };
}

const NO_STREAM =
  'a stream of requests needs a rule with body: "*" and without path variables: each message would have its own path';

/** Whether a rule can carry a stream of requests: as in a grpc-gateway, the whole stream is the body of one request. */
function carriesRequests({ body, variables }: ValidRule): boolean {
  return body === "*" && variables.length === 0;
}

import type { DescMethod, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import type { Route } from "./binding.ts";
import { checkRule, compileBinding, type SoundRule } from "./compile-binding.ts";
import type { FieldMaskForm } from "./field-text.ts";
import { bindingRulesOf } from "./http-rule.ts";
import { HttpRuleError, type HttpRuleProblem } from "./http-rule-error.ts";
import { rpcName } from "./rpc-name.ts";

/**
 * Compiles the http rules of a method.
 *
 * @param queryFieldMask how a FieldMask stands in the query
 * @throws {@link HttpRuleError} with everything that is wrong with them, also if there are none, or the method streams
 */
export function compileRoute(method: DescMethod, queryFieldMask: FieldMaskForm = "snake_case"): Route {
  const known = compiled[queryFieldMask].get(method);
  if (known !== undefined) return known;
  const problems: HttpRuleProblem[] = [];
  const rules = soundRules(method, problems);
  if (!isUnary(method)) {
    problems.push(problem(method, "a streaming method cannot be called over HTTP rules", rules[0]));
  } else if (rules.length === 0 && problems.length === 0) {
    problems.push(problem(method, "the method has no google.api.http rule"));
  }
  const [first, ...others] = rules;
  if (!isUnary(method) || first === undefined || problems.length > 0) throw new HttpRuleError(problems);
  const bindings = [
    compileBinding(method, first, queryFieldMask),
    ...others.map((rule) => compileBinding(method, rule, queryFieldMask)),
  ] as const;
  const route = Object.freeze({ method, bindings: Object.freeze(bindings) });
  compiled[queryFieldMask].set(method, route);
  return route;
}

const compiled: Readonly<Record<FieldMaskForm, WeakMap<DescMethod, Route>>> = {
  snake_case: new WeakMap(),
  camelCase: new WeakMap(),
};

/**
 * Checks the http rules of all methods of a service. Nothing is kept of it: a route is compiled when its method is first
 * called. A method without a rule, or one that streams, is no error: the others can be called.
 *
 * @throws {@link HttpRuleError} with everything that is wrong with any of them
 */
export function checkService(service: DescService): void {
  if (checked.has(service)) return;
  const problems: HttpRuleProblem[] = [];
  for (const method of service.methods) soundRules(method, problems);
  if (problems.length > 0) throw new HttpRuleError(problems);
  checked.add(service);
}

const checked = new WeakSet<DescService>();

/**
 * Compiles the http rules of all methods of a service that have some and can be called by them.
 *
 * @throws {@link HttpRuleError} with everything that is wrong with any of them
 */
export function compileService(service: DescService): ReadonlyMap<DescMethod, Route> {
  checkService(service);
  const callable = service.methods.filter((method) => isUnary(method) && bindingRulesOf(method).length > 0);
  return new Map(callable.map((method) => [method, compileRoute(method)]));
}

function soundRules(method: DescMethod, problems: HttpRuleProblem[]): SoundRule[] {
  const sound: SoundRule[] = [];
  for (const rule of bindingRulesOf(method)) {
    const found = checkRule(method, rule, (reason, column) => {
      problems.push({ method: rpcName(method), rule: rule.path, column, reason });
    });
    if (found !== undefined) sound.push(found);
  }
  return sound;
}

function problem(method: DescMethod, reason: string, rule?: SoundRule): HttpRuleProblem {
  return { method: rpcName(method), rule: rule?.template.text ?? "", column: undefined, reason };
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

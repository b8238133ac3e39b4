import type { DescMethod, DescMethodUnary, DescService } from "@bufbuild/protobuf";
import type { Binding, Route } from "./binding.ts";
import { compileBinding } from "./compile-binding.ts";
import type { FieldMaskForm } from "./field-text.ts";
import { bindingRulesOf } from "./http-rule.ts";
import { HttpRuleError, type HttpRuleProblem } from "./http-rule-error.ts";
import { rpcName } from "./rpc-name.ts";

/**
 * Compiles the http rules of a method.
 *
 * @param queryFieldMask how a FieldMask stands in the query
 * @throws {@link HttpRuleError} with everything that is wrong with them
 */
export function compileRoute(method: DescMethod, queryFieldMask: FieldMaskForm = "snake_case"): Route {
  const problems: HttpRuleProblem[] = [];
  const route = compile(method, queryFieldMask, problems);
  if (route === undefined || problems.length > 0) throw new HttpRuleError(problems);
  return route;
}

/**
 * Compiles the http rules of all methods of a service.
 *
 * @throws {@link HttpRuleError} with everything that is wrong with any of them
 */
export function compileService(service: DescService): ReadonlyMap<DescMethod, Route> {
  const problems: HttpRuleProblem[] = [];
  const routes = new Map<DescMethod, Route>();
  for (const method of service.methods) {
    const route = compile(method, "snake_case", problems);
    if (route !== undefined) routes.set(method, route);
  }
  if (problems.length > 0) throw new HttpRuleError(problems);
  return routes;
}

const compiled: Readonly<Record<FieldMaskForm, WeakMap<DescMethod, Route>>> = {
  snake_case: new WeakMap(),
  camelCase: new WeakMap(),
};

function compile(
  method: DescMethod,
  queryFieldMask: FieldMaskForm,
  problems: HttpRuleProblem[],
): Route | undefined {
  const known = compiled[queryFieldMask].get(method);
  if (known !== undefined) return known;
  const name = rpcName(method);
  const rules = bindingRulesOf(method);
  const report = (rule: string, reason: string, column?: number) => {
    problems.push({ method: name, rule, column, reason });
  };
  if (!isUnary(method)) {
    report(rules[0]?.path ?? "", "a streaming method cannot be called over HTTP rules");
    return undefined;
  }
  if (rules.length === 0) report("", "the method has no google.api.http rule");
  const bindings = rules
    .map((rule) =>
      compileBinding(method, rule, queryFieldMask, (reason, column) => report(rule.path, reason, column)),
    )
    .filter((binding) => binding !== undefined);
  if (!isComplete(bindings, rules.length)) return undefined;
  const route = Object.freeze({ method, bindings: Object.freeze(bindings) });
  compiled[queryFieldMask].set(method, route);
  return route;
}

function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

function isComplete(bindings: Binding[], expected: number): bindings is [Binding, ...Binding[]] {
  return bindings.length > 0 && bindings.length === expected;
}

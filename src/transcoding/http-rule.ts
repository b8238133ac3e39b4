import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import type { HttpRule } from "../../gen/google/api/http_pb.js";

/** An http rule of a method, before it is validated. */
export interface BindingRule {
  /** The HTTP method: `"GET"`, or what a `custom` rule names; `""` if the rule has no pattern. */
  readonly verb: string;
  readonly path: string;
  /** `""`, `"*"`, or the name of a field. */
  readonly body: string;
  /** `""`, or the name of a field. */
  readonly responseBody: string;
  /** Whether the rule is one of `additional_bindings` and has `additional_bindings` itself. */
  readonly isNested: boolean;
}

/**
 * Reads the `google.api.http` option of a method; no rules if the method has no such option. It works with any generated
 * copy of google/api.
 */
export function annotatedRulesOf(method: DescMethod): readonly BindingRule[] {
  return hasOption(method, http) ? bindingRules(getOption(method, http)) : [];
}

/** The rule itself, then its `additional_bindings`. */
export function bindingRules(rule: HttpRule): readonly BindingRule[] {
  return [bindingRule(rule, false), ...rule.additionalBindings.map((inner) => bindingRule(inner, true))];
}

function bindingRule(rule: HttpRule, isAdditional: boolean): BindingRule {
  const { pattern, body, responseBody, additionalBindings } = rule;
  const isNested = isAdditional && additionalBindings.length > 0;
  const rest = { body, responseBody, isNested };
  switch (pattern.case) {
    case undefined:
      return { verb: "", path: "", ...rest };
    case "custom":
      return { verb: pattern.value.kind, path: pattern.value.path, ...rest };
    default:
      return { verb: pattern.case.toUpperCase(), path: pattern.value, ...rest };
  }
}

import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import type { HttpRule } from "../../gen/google/api/http_pb.js";
import type { BindingRule } from "./binding-rule.ts";

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

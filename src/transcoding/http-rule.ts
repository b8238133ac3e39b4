import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import type { HttpRule } from "../../gen/google/api/http_pb.js";

/** One http rule of a method, as its .proto file has it. */
export interface BindingRule {
  /** The HTTP method: `"GET"`, or what a `custom` rule names; `""` if the rule has no pattern. */
  readonly verb: string;
  readonly path: string;
  /** `""`, `"*"`, or the name of a field. */
  readonly body: string;
  /** `""`, or the name of a field. */
  readonly responseBody: string;
  /** Whether it stands in `additional_bindings` and has such bindings itself. */
  readonly isNested: boolean;
}

/**
 * The `google.api.http` option of a method: its own rule, then `additional_bindings`. None if the method has
 * no such option. The option is found whichever generated copy of google/api the service came with.
 */
export function bindingRulesOf(method: DescMethod): readonly BindingRule[] {
  if (!hasOption(method, http)) return [];
  const rule = getOption(method, http);
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

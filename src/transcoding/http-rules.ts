import { type DescMethod, fromJson, type JsonValue } from "@bufbuild/protobuf";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { asError } from "../errors/as-error.ts";
import type { BindingRule } from "./binding-rule.ts";
import { validateRuleSyntax } from "./compile-binding.ts";
import { annotatedRulesOf, bindingRules } from "./http-rule.ts";
import type { HttpRuleJson } from "./http-rule-json.ts";

interface SelectedRules {
  readonly selector: string;
  readonly rules: readonly BindingRule[];
}

/** The http rules of methods: those that are given beside the .proto files, else the annotations. */
export class HttpRules {
  readonly #given: readonly SelectedRules[];

  constructor(given: readonly SelectedRules[] = []) {
    this.#given = given;
  }

  /** The rules of a method; none if it has no annotation either. Of several given rules the last one wins. */
  of(method: DescMethod): readonly BindingRule[] {
    const name = `${method.parent.typeName}.${method.name}`;
    const given = this.#given.findLast(({ selector }) => selects(selector, name));
    return given?.rules ?? annotatedRulesOf(method);
  }
}

/** The annotations alone. */
export const annotations = /* @__PURE__ */ new HttpRules();

/**
 * Reads and validates the option `httpRules`. What depends on the messages of a method is validated with its service.
 *
 * @param errorOf creates the error, from a reason that names the rule
 */
export function parseHttpRules(
  given: readonly HttpRuleJson[] | undefined,
  errorOf: (reason: string) => Error,
): HttpRules {
  if (given === undefined) return annotations;
  if (!Array.isArray(given)) throw errorOf("httpRules must be an array of google.api.HttpRule in JSON");
  const parsed = Array.from(given, (json, i) => {
    return parseRule(json, (reason) => errorOf(`httpRules[${i}]: ${reason}`));
  });
  return parsed.length === 0 ? annotations : new HttpRules(parsed);
}

function parseRule(json: JsonValue, errorOf: (reason: string) => Error): SelectedRules {
  const rule = ruleFromJson(json, errorOf);
  const { selector } = rule;
  if (!selector.split(",").every((part) => selectorPattern.test(part.trim()))) {
    throw errorOf(`${JSON.stringify(selector)} is not a selector such as "pkg.Service.Method"`);
  }
  const rules = bindingRules(rule);
  for (const each of rules) {
    validateRuleSyntax(each, (reason, column) => {
      const place = column === undefined ? "" : `column ${column} of ${JSON.stringify(each.path)}: `;
      throw errorOf(`${selector}: ${place}${reason}`);
    });
  }
  return { selector, rules };
}

function ruleFromJson(json: JsonValue, errorOf: (reason: string) => Error): HttpRule {
  try {
    return fromJson(HttpRuleSchema, json);
  } catch (error) {
    throw errorOf(asError(error).message);
  }
}

/** google.api.DocumentationRule: a wildcard is allowed at the end only, and for a whole component of the name. */
const selectorPattern = /^(?:\*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\.\*)?)$/;

function selects(selector: string, name: string): boolean {
  return selector.split(",").some((part) => {
    const pattern = part.trim();
    return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
  });
}

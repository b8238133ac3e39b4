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

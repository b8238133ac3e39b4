/** The parts of an http rule that its `additional_bindings` have too. */
export interface HttpBindingJson {
  readonly get?: string;
  readonly put?: string;
  readonly post?: string;
  readonly delete?: string;
  readonly patch?: string;
  readonly custom?: { readonly kind: string; readonly path: string };
  readonly body?: string;
  readonly responseBody?: string;
  readonly response_body?: string;
}

/**
 * A `google.api.HttpRule` in its JSON form, as in the `http.rules` of a service's YAML (`grpc_api_configuration` of a
 * grpc-gateway). Names may be in camelCase or in snake_case.
 *
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 */
export interface HttpRuleJson extends HttpBindingJson {
  /**
   * The methods of the rule: `"pkg.Service.Method"`, `"pkg.Service.*"`, `"*"`, or several of these with commas between
   * them (google.api.DocumentationRule.selector).
   */
  readonly selector: string;
  readonly additionalBindings?: readonly HttpBindingJson[];
  readonly additional_bindings?: readonly HttpBindingJson[];
}

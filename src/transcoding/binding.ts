import type { DescField, DescMessage, DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { FieldText } from "./field-text.ts";
import type { FieldTree } from "./field-tree.ts";
import type { PathFiller } from "./fill-path.ts";
import type { PathTemplate, Segment } from "./path-template.ts";

/** A field and the message fields that lead to it: `a.b.c` of a template, resolved. */
export type FieldPath = readonly DescField[];

/** A variable of a path template, tied to the field that fills it. */
export interface PathVariable {
  /** As the template spells it, which is the field's path in the .proto file's names: `"shelf.name"`. */
  readonly name: string;
  readonly field: FieldPath;
  /** How the field is written in the path. */
  readonly text: FieldText;
  /** What a value has to look like. */
  readonly segments: readonly Segment[];
  /** More than one segment, or `**`: a `/` in the value stays a `/`. */
  readonly multiSegment: boolean;
}

/** Where the request message's fields go that the path does not carry. */
export type RequestBody =
  /** No `body` in the rule: no HTTP body, what is left goes to the query. */
  | { readonly kind: "none" }
  /** `body: "*"`: the message without the fields in `bound`, nothing in the query. */
  | { readonly kind: "message"; readonly desc: DescMessage; readonly bound: FieldTree }
  /**
   * `body: "f"`: the value of `f` without the fields in `bound` (seen from the message in `f`), what is left
   * of the request message in the query.
   */
  | { readonly kind: "field"; readonly field: DescField; readonly bound: FieldTree };

/** One way to call a method over HTTP: an HttpRule, checked against the method's messages. */
export interface Binding {
  readonly method: DescMethodUnary;
  /** The HTTP method, as it is sent: `"GET"`, or whatever a `custom` rule names. */
  readonly verb: string;
  readonly template: PathTemplate;
  /** In the order of the template. */
  readonly variables: readonly PathVariable[];
  readonly requestBody: RequestBody;
  /** The field that is the whole HTTP answer (`response_body`), or undefined: the message is. */
  readonly responseField: DescField | undefined;
  /** Whether the HTTP request, if it has a body, can be binary: not if the body is a named field. */
  readonly requestIsMessage: boolean;
  /** Whether the HTTP answer can be binary: not if it is a scalar, a list or a map. */
  readonly responseIsMessage: boolean;
  /** The fields that never stand in the query; undefined if no field does. */
  readonly notInQuery: FieldTree | undefined;
  readonly fillPath: PathFiller;
  /** Gives the query without its `?`, or `""`. */
  readonly buildQuery: (message: Message) => string;
}

/** All ways to call a method, in the order of preference: the rule itself, then additional_bindings. */
export interface Route {
  readonly method: DescMethodUnary;
  readonly bindings: readonly [Binding, ...Binding[]];
}

import type { DescField, DescMessage, DescMethod, Message } from "@bufbuild/protobuf";
import type { FieldPath } from "./field-path.ts";
import type { FieldText } from "./field-text.ts";
import type { FieldTree } from "./field-tree.ts";
import type { PathTemplate, Segment } from "./path-template.ts";

/** A variable of a path template, with the field that it is bound to. */
export interface PathVariable {
  /** The field path as the template spells it, in the names of the .proto file: `"shelf.name"`. */
  readonly name: string;
  readonly field: FieldPath;
  /** How the value of the field is written in the path. */
  readonly text: FieldText;
  /** The pattern that a value has to match. */
  readonly segments: readonly Segment[];
  /** Whether the pattern has more than one segment, or `**`: a `/` in the value stays a `/`. */
  readonly multiSegment: boolean;
}

/** Where the fields of a request message go that the path does not bind. */
export type RequestBody =
  /** No `body` in the rule: there is no HTTP body, and the other fields go to the query. */
  | { readonly kind: "none" }
  /** `body: "*"`: the message without the fields in `bound`, and there is no query. */
  | { readonly kind: "message"; readonly desc: DescMessage; readonly bound: FieldTree }
  /**
   * `body: "f"`: the value of `f` without the fields in `bound` (paths inside the message in `f`), and the other
   * fields of the request message go to the query.
   */
  | { readonly kind: "field"; readonly field: DescField; readonly bound: FieldTree };

/** Why a message cannot fill a path: the field, and what is wrong with it. */
export interface PathMismatch {
  readonly field: string;
  readonly predicate: string;
}

/** Writes the escaped path for a message, or says why the message cannot fill it. */
export type PathFiller = (message: Message) => string | PathMismatch;

/** One way to call a method over HTTP: an HttpRule, validated against the method's messages. */
export interface Binding {
  readonly method: DescMethod;
  /** The HTTP method: `"GET"`, or what a `custom` rule names. */
  readonly verb: string;
  readonly template: PathTemplate;
  /** In the order of the template. */
  readonly variables: readonly PathVariable[];
  readonly requestBody: RequestBody;
  /** The field that is the whole HTTP response (`response_body`); undefined if the message is. */
  readonly responseField: DescField | undefined;
  /** Whether the body of the HTTP request is raw: the data of a google.api.HttpBody, which is not one of a stream. */
  readonly requestIsRaw: boolean;
  /** Whether the body of the HTTP response is raw. */
  readonly responseIsRaw: boolean;
  /** Whether the HTTP request, if it has a body, can be binary: not if the body is a named field, a stream, or raw. */
  readonly requestIsMessage: boolean;
  /** Whether the HTTP response can be binary: not if it is a scalar, a list, a map, a stream, or raw. */
  readonly responseIsMessage: boolean;
  /** The fields that are never in the query; undefined if there is no query. */
  readonly notInQuery: FieldTree | undefined;
  readonly fillPath: PathFiller;
  /** Returns the query without its `?`, or `""`. */
  readonly buildQuery: (message: Message) => string;
}

/** All bindings of a method, in the order of preference: the rule itself, then additional_bindings. */
export interface Route {
  readonly method: DescMethod;
  readonly bindings: readonly [Binding, ...Binding[]];
}

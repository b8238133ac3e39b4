import {
  clearField,
  create,
  type DescField,
  type DescMessage,
  isFieldSet,
  type Message,
} from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Binding } from "./binding.ts";
import type { FieldTree } from "./field-tree.ts";
import { fieldReader, setField } from "./field-value.ts";

/** The content of an HTTP body. */
export type BodyContent =
  | { readonly kind: "message"; readonly desc: DescMessage; readonly message: Message }
  /** The value of a field that is not a message: a scalar, an enum, a list, a map. */
  | { readonly kind: "field"; readonly field: DescField; readonly holder: Message };

/**
 * The part of a request message that goes into the HTTP body, without the fields that the path binds; undefined if the
 * rule has no body. The message is not changed.
 */
export function requestContentOf({ requestBody }: Binding, message: Message): BodyContent | undefined {
  switch (requestBody.kind) {
    case "none":
      return undefined;
    case "message": {
      const { desc, bound } = requestBody;
      return { kind: "message", desc, message: withoutFields(message, bound) };
    }
    case "field": {
      const content = fieldContent(requestBody.field, message);
      if (content.kind === "field") return content;
      return { ...content, message: withoutFields(content.message, requestBody.bound) };
    }
  }
}

/**
 * Creates the request message of an HTTP body. It lacks only the fields that path and query carry.
 *
 * @param content undefined if the request has no body
 */
export function withBody({ method, requestBody }: Binding, content: BodyContent | undefined): Message {
  if (content === undefined || requestBody.kind === "none") return create(method.input);
  if (requestBody.kind === "message") {
    return content.kind === "message" ? content.message : create(method.input);
  }
  return content.kind === "field" ? content.holder : messageWith(requestBody.field, content.message);
}

/** The part of a response message that goes into the HTTP response: the message, or the field in `response_body`. */
export function responseContentOf({ method, responseField }: Binding, message: Message): BodyContent {
  if (responseField === undefined) return { kind: "message", desc: method.output, message };
  return fieldContent(responseField, message);
}

/**
 * Creates the response message of an HTTP response.
 *
 * @param value the message in the HTTP body; for a rule with `response_body`, the value of that field
 */
export function responseFrom({ responseField }: Binding, value: Message): Message {
  return responseField === undefined ? value : messageWith(responseField, value);
}

/**
 * The content of one field. It reads the field with reflection, which returns a message even where protobuf-es stores
 * something else: the value of a wrapper, the JsonObject of a Struct. An unset message is an empty one.
 */
function fieldContent(field: DescField, holder: Message): BodyContent {
  if (field.fieldKind !== "message") return { kind: "field", field, holder };
  const { desc, message } = reflect(field.parent, holder).get(field);
  return { kind: "message", desc, message };
}

/** Creates a message with one message field set. */
function messageWith(field: DescField, value: Message): Message {
  const holder = reflect(field.parent);
  if (field.fieldKind === "message") holder.set(field, reflect(field.message, value));
  return holder.message;
}

/**
 * Returns a message without some of its fields. The message itself is not changed: only the messages along the paths to
 * these fields are copied, one level deep. If none of the fields is set, the result is the message itself.
 */
export function withoutFields<T extends Message>(message: T, fields: FieldTree): T {
  let copy: T | undefined;
  for (const [field, inner] of fields) {
    if (!isFieldSet(message, field)) continue;
    if (inner === "whole") {
      copy ??= shallowCopy(message);
      clearField(copy, field);
      continue;
    }
    const child = fieldReader(field)(message) as Message;
    const rest = withoutFields(child, inner);
    if (rest === child) continue;
    copy ??= shallowCopy(message);
    setField(copy, field, rest);
  }
  return copy ?? message;
}

function shallowCopy<T extends Message>(message: T): T {
  const prototype = Object.getPrototypeOf(message) as object | null;
  return prototype === Object.prototype ? { ...message } : Object.assign(Object.create(prototype), message);
}

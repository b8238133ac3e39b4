import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Binding } from "./binding.ts";
import { leaveOut } from "./leave-out.ts";

/** What an HTTP body stands for. */
export type BodyContent =
  | { readonly kind: "message"; readonly desc: DescMessage; readonly message: Message }
  /** The value of a field that is no message: a scalar, an enum, a list, a map. */
  | { readonly kind: "field"; readonly field: DescField; readonly holder: Message };

/**
 * The part of a request message that goes into the HTTP body; undefined if the rule has none. Fields that
 * the path carries are left out, without touching the message.
 */
export function requestBodyOf({ requestBody }: Binding, message: Message): BodyContent | undefined {
  switch (requestBody.kind) {
    case "none":
      return undefined;
    case "message": {
      const { desc, bound } = requestBody;
      return { kind: "message", desc, message: leaveOut(message, bound) };
    }
    case "field": {
      const content = fieldContent(requestBody.field, message);
      if (content.kind === "field") return content;
      return { ...content, message: leaveOut(content.message, requestBody.bound) };
    }
  }
}

/**
 * Puts what an HTTP body held into a new request message, which then lacks only what path and query carry.
 *
 * @param content undefined if the request has no body
 */
export function withBody({ method, requestBody }: Binding, content: BodyContent | undefined): Message {
  if (content === undefined || requestBody.kind === "none") return create(method.input);
  if (requestBody.kind === "message") {
    return content.kind === "message" ? content.message : create(method.input);
  }
  return content.kind === "field" ? content.holder : holding(requestBody.field, content.message);
}

/** What of a response message goes into the HTTP answer: all of it, or the field in `response_body`. */
export function responseContentOf({ method, responseField }: Binding, message: Message): BodyContent {
  if (responseField === undefined) return { kind: "message", desc: method.output, message };
  return fieldContent(responseField, message);
}

/**
 * The response message that an HTTP answer stands for.
 *
 * @param value the message that the answer held: for a rule with `response_body`, the one in that field
 */
export function responseFrom({ responseField }: Binding, value: Message): Message {
  return responseField === undefined ? value : holding(responseField, value);
}

/**
 * Every singular message is one on the wire, also where protobuf-es keeps it as something else: the value of
 * a wrapper, the JsonObject of a Struct. One that is not set is sent as an empty message.
 */
function fieldContent(field: DescField, holder: Message): BodyContent {
  if (field.fieldKind !== "message") return { kind: "field", field, holder };
  const { desc, message } = reflect(field.parent, holder).get(field);
  return { kind: "message", desc, message };
}

/** A new message with one message field set. */
function holding(field: DescField, value: Message): Message {
  const holder = reflect(field.parent);
  if (field.fieldKind === "message") holder.set(field, reflect(field.message, value));
  return holder.message;
}

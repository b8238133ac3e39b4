import { create, isFieldSet, type Message } from "@bufbuild/protobuf";
import type { FieldPath } from "./field-path.ts";
import { fieldReader, setField } from "./field-value.ts";
import { type BodyContent, withBody } from "./place-body.ts";
import { readQuery } from "./read-query.ts";
import type { RouteMatch } from "./router.ts";

/**
 * Builds the request message of an HTTP request: from the body, then the path, which overrides the body, then the query.
 *
 * @param query the percent-encoded query, without the `?`
 * @param body undefined if the request has no body
 * @throws TranscodingError if a value of the path or the query does not fit its field
 */
export function readRequest({ binding, values }: RouteMatch, query: string, body?: BodyContent): Message {
  const message = withBody(binding, body);
  for (const [i, { field, text, name }] of binding.variables.entries()) {
    const parent = name.slice(0, name.lastIndexOf(".") + 1);
    setAt(message, field, text.read(values[i] ?? "", parent));
  }
  if (binding.notInQuery !== undefined) readQuery(message, binding.method.input, query, binding.notInQuery);
  return message;
}

function setAt(message: Message, path: FieldPath, value: unknown): void {
  let holder = message;
  for (const [i, field] of path.entries()) {
    if (i === path.length - 1) {
      setField(holder, field, value);
    } else {
      if (field.fieldKind === "message" && !isFieldSet(holder, field)) {
        setField(holder, field, create(field.message));
      }
      holder = fieldReader(field)(holder) as Message;
    }
  }
}

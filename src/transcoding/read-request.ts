import { create, isFieldSet, type Message } from "@bufbuild/protobuf";
import type { FieldPath } from "./binding.ts";
import { fieldReader, setField } from "./field-value.ts";
import { type BodyContent, withBody } from "./place-body.ts";
import { readQuery } from "./read-query.ts";
import type { RouteMatch } from "./router.ts";

/**
 * Puts a request message together again: first what the body held, then the path's values, which win over the
 * body's, then the query.
 *
 * @param query as it came, percent-encoded, without the `?`
 * @param body undefined if the request has none
 * @throws TranscodingError if path or query hold what does not fit the message
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

import { clearField, isFieldSet, type Message } from "@bufbuild/protobuf";
import type { FieldTree } from "./field-tree.ts";
import { fieldReader, setField } from "./field-value.ts";

/**
 * A message without some of its fields. The caller's message is not touched: what changes is copied, one
 * level deep, along the paths to these fields; a message in which none of them is set comes back itself.
 */
export function leaveOut<T extends Message>(message: T, fields: FieldTree): T {
  let copy: T | undefined;
  for (const [field, inner] of fields) {
    if (!isFieldSet(message, field)) continue;
    if (inner === "whole") {
      copy ??= shallowCopy(message);
      clearField(copy, field);
      continue;
    }
    const child = fieldReader(field)(message) as Message;
    const rest = leaveOut(child, inner);
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

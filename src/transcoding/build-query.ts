import { type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { type FieldMaskForm, fieldText } from "./field-text.ts";
import type { FieldTree } from "./field-tree.ts";
import { fieldReader } from "./field-value.ts";
import { escapeSegment } from "./percent-encoding.ts";
import { queryField } from "./query-field.ts";
import { TranscodingError } from "./transcoding-error.ts";

/**
 * Makes the function that writes a message's query: `"revision=2&sub.subfield=foo"`, or `""`. Parameters
 * stand in the order in which the .proto file declares the fields, the items of a list in their own order.
 *
 * @param without the fields that travel elsewhere
 * @param fieldMask how a FieldMask is written
 * @throws TranscodingError (the function), if a field is set that cannot be a query parameter
 */
export function compileQuery(
  desc: DescMessage,
  without: FieldTree,
  fieldMask: FieldMaskForm,
): (message: Message) => string {
  const write = compileMessage(desc, without, fieldMask);
  return (message) => write(message, "", "", "");
}

/**
 * Appends the parameters of a message to a query.
 *
 * @param keys the key of the message itself, escaped: `""` or `"sub."`
 * @param parent the same in the names of the .proto file, for errors
 */
type QueryWriter = (message: Message, query: string, keys: string, parent: string) => string;

function compileMessage(desc: DescMessage, without: FieldTree, fieldMask: FieldMaskForm): QueryWriter {
  const writers = desc.fields
    .filter((field) => without.get(field) !== "whole")
    .map((field) => ({ field, write: compileField(field, without.get(field), fieldMask) }));
  return (message, query, keys, parent) => {
    let written = query;
    for (const { field, write } of writers) {
      if (isFieldSet(message, field)) written = write(message, written, keys, parent);
    }
    return written;
  };
}

function compileField(
  field: DescField,
  without: FieldTree | "whole" | undefined,
  fieldMask: FieldMaskForm,
): QueryWriter {
  const shape = queryField(field);
  const read = fieldReader(field);
  switch (shape.kind) {
    case "refused":
      return (_message, _query, _keys, parent) => {
        throw new TranscodingError(parent + field.name, shape.predicate);
      };
    case "message": {
      const key = escapedKey(shape.key);
      const writer = lazyWriter(shape.desc, without, fieldMask);
      return (message, query, keys, parent) =>
        writer()(read(message) as Message, query, `${keys}${key}.`, `${parent}${field.name}.`);
    }
    case "value": {
      const write = compileValue(field, escapedKey(shape.key), fieldMask);
      return (message, query, keys, parent) => write(read(message), query, keys, parent);
    }
    case "list": {
      const write = compileValue(field, escapedKey(shape.key), fieldMask);
      return (message, query, keys, parent) => {
        let written = query;
        for (const item of read(message) as readonly unknown[]) written = write(item, written, keys, parent);
        return written;
      };
    }
  }
}

function compileValue(field: DescField, key: string, fieldMask: FieldMaskForm) {
  const text = fieldText(field, fieldMask);
  return (value: unknown, query: string, keys: string, parent: string): string => {
    const escaped = text && escapeSegment(text.write(value, parent));
    if (escaped === undefined) {
      throw new TranscodingError(parent + field.name, "is not well-formed Unicode");
    }
    return `${query}${query === "" ? "" : "&"}${keys}${key}=${escaped}`;
  };
}

/** Not before it is needed: a message type may hold itself. */
function lazyWriter(
  desc: DescMessage,
  without: FieldTree | "whole" | undefined,
  fieldMask: FieldMaskForm,
): () => QueryWriter {
  if (without === undefined || without === "whole") return () => wholeMessageWriter(desc, fieldMask);
  const writer = compileMessage(desc, without, fieldMask);
  return () => writer;
}

const wholeMessageWriters: Readonly<Record<FieldMaskForm, WeakMap<DescMessage, QueryWriter>>> = {
  snake_case: new WeakMap(),
  camelCase: new WeakMap(),
};

function wholeMessageWriter(desc: DescMessage, fieldMask: FieldMaskForm): QueryWriter {
  const writers = wholeMessageWriters[fieldMask];
  let writer = writers.get(desc);
  if (writer === undefined) {
    writer = compileMessage(desc, new Map(), fieldMask);
    writers.set(desc, writer);
  }
  return writer;
}

function escapedKey(key: string): string {
  return escapeSegment(key) ?? key;
}

import { type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { type FieldMaskForm, fieldText, itemName } from "./field-text.ts";
import type { FieldTree } from "./field-tree.ts";
import { fieldReader } from "./field-value.ts";
import { escapeSegment } from "./percent-encoding.ts";
import { queryField } from "./query-field.ts";
import { TranscodingError } from "./transcoding-error.ts";

/**
 * Compiles the function that builds the query of a message: `"revision=2&sub.subfield=foo"`, or `""`. Parameters have the
 * order in which the .proto file declares the fields; the items of a list keep their order.
 *
 * @param without the fields that are in the path or the body
 * @param fieldMask how a FieldMask is written
 * @throws TranscodingError (the function) if a field is set that cannot be a query parameter
 */
export function compileQueryBuilder(
  desc: DescMessage,
  without: FieldTree,
  fieldMask: FieldMaskForm,
): (message: Message) => string {
  const write = compileMessageParameters(desc, without, fieldMask);
  return (message) => write(message, "", "", "");
}

/**
 * Appends the parameters of a message to a query.
 *
 * @param keys the escaped key of the message itself: `""` or `"sub."`
 * @param parent the same key in the names of the .proto file, for errors
 */
type QueryWriter = (message: Message, query: string, keys: string, parent: string) => string;

function compileMessageParameters(
  desc: DescMessage,
  without: FieldTree,
  fieldMask: FieldMaskForm,
): QueryWriter {
  const writers = desc.fields
    .filter((field) => without.get(field) !== "whole")
    .map((field) => ({ field, write: compileFieldParameters(field, without.get(field), fieldMask) }));
  return (message, query, keys, parent) => {
    let written = query;
    for (const { field, write } of writers) {
      if (isFieldSet(message, field)) written = write(message, written, keys, parent);
    }
    return written;
  };
}

function compileFieldParameters(
  field: DescField,
  without: FieldTree | "whole" | undefined,
  fieldMask: FieldMaskForm,
): QueryWriter {
  const target = queryField(field);
  const read = fieldReader(field);
  switch (target.kind) {
    case "unsupported":
      return (_message, _query, _keys, parent) => {
        throw new TranscodingError(parent + field.name, target.predicate);
      };
    case "message": {
      const key = escapedKey(target.key);
      const writer = lazyWriter(target.desc, without, fieldMask);
      return (message, query, keys, parent) =>
        writer()(read(message) as Message, query, `${keys}${key}.`, `${parent}${field.name}.`);
    }
    case "value": {
      const write = compileParameter(field, escapedKey(target.key), fieldMask);
      return (message, query, keys, parent) => write(read(message), query, keys, parent);
    }
    case "list": {
      const write = compileParameter(field, escapedKey(target.key), fieldMask);
      return (message, query, keys, parent) => {
        const items = read(message) as readonly unknown[];
        let written = query;
        for (let i = 0; i < items.length; i++) written = write(items[i], written, keys, parent, i);
        return written;
      };
    }
  }
}

function compileParameter(field: DescField, key: string, fieldMask: FieldMaskForm) {
  const text = fieldText(field, fieldMask);
  return (value: unknown, query: string, keys: string, parent: string, index?: number): string => {
    const escaped = text && escapeSegment(text.write(value, parent, index));
    if (escaped === undefined) {
      throw new TranscodingError(parent + itemName(field.name, index), "is not well-formed Unicode");
    }
    return `${query}${query === "" ? "" : "&"}${keys}${key}=${escaped}`;
  };
}

/** Compiles the writer when it is first needed, because a message type may contain itself. */
function lazyWriter(
  desc: DescMessage,
  without: FieldTree | "whole" | undefined,
  fieldMask: FieldMaskForm,
): () => QueryWriter {
  if (without === undefined || without === "whole") return () => wholeMessageWriter(desc, fieldMask);
  const writer = compileMessageParameters(desc, without, fieldMask);
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
    writer = compileMessageParameters(desc, new Map(), fieldMask);
    writers.set(desc, writer);
  }
  return writer;
}

function escapedKey(key: string): string {
  return escapeSegment(key) ?? key;
}

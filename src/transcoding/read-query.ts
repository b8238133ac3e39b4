import { create, type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { fieldText } from "./field-text.ts";
import type { FieldTree } from "./field-tree.ts";
import { fieldReader, setField } from "./field-value.ts";
import { unescapeQuery } from "./percent-encoding.ts";
import { queryField } from "./query-field.ts";
import { TranscodingError } from "./transcoding-error.ts";

/**
 * Sets the fields that a query names, as a grpc-gateway reads it. Keys are JSON names or the names of the .proto file.
 * Unknown keys, and keys of fields that are in the path or the body, are ignored. A field that is not a list can be given
 * once, and a oneof can have one member.
 *
 * @param without the fields that are in the path or the body
 * @throws TranscodingError if a value does not fit its field
 */
export function readQuery(message: Message, desc: DescMessage, query: string, without: FieldTree): void {
  const given = new Set<string>();
  for (const parameter of query.split("&")) {
    if (parameter === "") continue;
    const equals = parameter.indexOf("=");
    const key = decoded(equals < 0 ? parameter : parameter.slice(0, equals));
    const found = find(desc, key.split("."), without);
    if (found === undefined) continue;
    const value = decoded(equals < 0 ? "" : parameter.slice(equals + 1), found.name);
    setFromText(message, found, value, given);
  }
}

interface QueryTarget {
  readonly parents: readonly (DescField & { fieldKind: "message" })[];
  readonly field: DescField;
  /** The path in the names of the .proto file. */
  readonly name: string;
}

function find(desc: DescMessage, key: readonly string[], without: FieldTree): QueryTarget | undefined {
  const parents: (DescField & { fieldKind: "message" })[] = [];
  let parent = desc;
  let bound: FieldTree | "whole" | undefined = without;
  for (const [i, name] of key.entries()) {
    const field = fieldOf(parent, name);
    if (field === undefined) return undefined;
    bound = bound instanceof Map ? (bound as FieldTree).get(field) : undefined;
    if (bound === "whole") return undefined;
    if (i === key.length - 1) {
      return { parents, field, name: [...parents, field].map((part) => part.name).join(".") };
    }
    if (field.fieldKind !== "message" || queryField(field).kind !== "message") return undefined;
    parents.push(field);
    parent = field.message;
  }
  return undefined;
}

function fieldOf({ fields }: DescMessage, name: string): DescField | undefined {
  return fields.find(({ jsonName }) => jsonName === name) ?? fields.find((field) => field.name === name);
}

function setFromText(
  message: Message,
  { parents, field, name }: QueryTarget,
  value: string,
  given: Set<string>,
) {
  const target = queryField(field);
  if (target.kind === "unsupported") throw new TranscodingError(name, target.predicate);
  const text = fieldText(field);
  if (text === undefined) throw new TranscodingError(name, "is a message: a query has to name its fields");
  const parent = name.slice(0, name.length - field.name.length);
  const holder = holderOf(message, parents);
  if (target.kind === "list") {
    const list = (fieldReader(field)(holder) as unknown[] | undefined) ?? [];
    list.push(text.read(value, parent, list.length));
    setField(holder, field, list);
    return;
  }
  const read = text.read(value, parent);
  if (given.has(name)) throw new TranscodingError(name, "is given twice");
  given.add(name);
  rejectSecondMember(holder, field, parent);
  setField(holder, field, read);
}

/** The message that holds the field; creates the messages that are missing. */
function holderOf(message: Message, parents: QueryTarget["parents"]): Message {
  let holder = message;
  let parent = "";
  for (const field of parents) {
    if (!isFieldSet(holder, field)) {
      rejectSecondMember(holder, field, parent);
      setField(holder, field, create(field.message));
    }
    holder = fieldReader(field)(holder) as Message;
    parent += `${field.name}.`;
  }
  return holder;
}

function rejectSecondMember(holder: Message, field: DescField, parent: string): void {
  const other = field.oneof?.fields.find((member) => member !== field && isFieldSet(holder, member));
  if (other === undefined) return;
  const reason = `both are in the oneof ${field.oneof?.name}`;
  throw new TranscodingError(parent + field.name, `is given beside ${other.name}: ${reason}`);
}

function decoded(text: string, field?: string): string {
  const result = unescapeQuery(text);
  if (result === undefined) throw new TranscodingError(field ?? text, "is not percent-encoded UTF-8");
  return result;
}

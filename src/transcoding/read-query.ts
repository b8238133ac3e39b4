import { create, type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { fieldText } from "./field-text.ts";
import type { FieldTree } from "./field-tree.ts";
import { fieldReader, setField } from "./field-value.ts";
import { unescapeQuery } from "./percent-encoding.ts";
import { queryField } from "./query-field.ts";
import { TranscodingError } from "./transcoding-error.ts";

/**
 * Sets the fields that a query names, by their JSON names or those of the .proto file, as a grpc-gateway
 * reads it: a key that no field has is ignored, and so is one whose field travels elsewhere; a field that is
 * no list may be given once, and of a oneof one member.
 *
 * @param without the fields that travel elsewhere
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

interface Found {
  readonly parents: readonly (DescField & { fieldKind: "message" })[];
  readonly field: DescField;
  /** The path in the names of the .proto file. */
  readonly name: string;
}

function find(desc: DescMessage, key: readonly string[], without: FieldTree): Found | undefined {
  const parents: (DescField & { fieldKind: "message" })[] = [];
  let parent = desc;
  let elsewhere: FieldTree | "whole" | undefined = without;
  for (const [i, name] of key.entries()) {
    const field = fieldOf(parent, name);
    if (field === undefined) return undefined;
    elsewhere = elsewhere instanceof Map ? (elsewhere as FieldTree).get(field) : undefined;
    if (elsewhere === "whole") return undefined;
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

function setFromText(message: Message, { parents, field, name }: Found, value: string, given: Set<string>) {
  const shape = queryField(field);
  if (shape.kind === "refused") throw new TranscodingError(name, shape.predicate);
  const text = fieldText(field);
  if (text === undefined) throw new TranscodingError(name, "is a message, of which a query names the fields");
  const parent = name.slice(0, name.length - field.name.length);
  const read = text.read(value, parent);
  const holder = holderOf(message, parents);
  if (shape.kind === "list") {
    const list = (fieldReader(field)(holder) as unknown[] | undefined) ?? [];
    list.push(read);
    setField(holder, field, list);
    return;
  }
  if (given.has(name)) throw new TranscodingError(name, "is given twice");
  given.add(name);
  refuseRival(holder, field, parent);
  setField(holder, field, read);
}

/** The message that holds the field, made where it is missing. */
function holderOf(message: Message, parents: Found["parents"]): Message {
  let holder = message;
  let parent = "";
  for (const field of parents) {
    if (!isFieldSet(holder, field)) {
      refuseRival(holder, field, parent);
      setField(holder, field, create(field.message));
    }
    holder = fieldReader(field)(holder) as Message;
    parent += `${field.name}.`;
  }
  return holder;
}

function refuseRival(holder: Message, field: DescField, parent: string): void {
  const rival = field.oneof?.fields.find((member) => member !== field && isFieldSet(holder, member));
  if (rival === undefined) return;
  const which = `they are one oneof, ${field.oneof?.name}`;
  throw new TranscodingError(parent + field.name, `is given beside ${rival.name}: ${which}`);
}

function decoded(text: string, field?: string): string {
  const result = unescapeQuery(text);
  if (result === undefined) throw new TranscodingError(field ?? text, "is not percent-encoded UTF-8");
  return result;
}

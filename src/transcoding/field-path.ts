import { clearField, type DescField, type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import type { FieldPath } from "./binding.ts";

/** Why a field path cannot be followed, and where in its text (an index). */
export interface FieldPathProblem {
  readonly offset: number;
  readonly reason: string;
}

/**
 * Finds the fields that a rule names. A rule uses the names of the .proto file, as protoc-gen-grpc-gateway
 * (resolveFieldPath) and vanguard read it: JSON names are refused, with the name that was meant.
 */
export function resolveFieldPath(message: DescMessage, path: string): FieldPath | FieldPathProblem {
  const fields: DescField[] = [];
  let parent: DescMessage = message;
  let offset = 0;
  for (const name of path.split(".")) {
    const last = fields.at(-1);
    if (last !== undefined) {
      const reason = whyNotEntered(last);
      if (reason !== undefined || last.message === undefined) return { offset, reason: `${reason}` };
      parent = last.message;
    }
    const field = parent.fields.find((candidate) => candidate.name === name);
    if (field === undefined) return { offset, reason: noSuchField(parent, name) };
    fields.push(field);
    offset += name.length + 1;
  }
  return fields;
}

/** Narrows what {@link resolveFieldPath} gives. */
export function isFieldPath(resolved: FieldPath | FieldPathProblem): resolved is FieldPath {
  return Array.isArray(resolved);
}

/** The sentence for a name that is no field. */
export function noSuchField(message: DescMessage, name: string): string {
  const meant = message.fields.find(({ jsonName, localName }) => jsonName === name || localName === name);
  const hint = meant === undefined ? "" : ` (a rule has to say "${meant.name}")`;
  return `${message.typeName} has no field "${name}"${hint}`;
}

function whyNotEntered(field: DescField): string | undefined {
  if (field.fieldKind === "list") return `"${field.name}" is repeated`;
  if (field.fieldKind === "map") return `"${field.name}" is a map`;
  if (field.fieldKind !== "message") return `"${field.name}" is no message`;
  // One value on the wire, and in protobuf-es partly not even a message: they are taken whole.
  return hasCustomJsonRepresentation(field.message)
    ? `"${field.name}" is a ${field.message.typeName}, which has no parts in a URL`
    : undefined;
}

/** The names of a path as the .proto file has them: `"shelf.name"`. */
export function fieldPathName(path: FieldPath): string {
  return path.map(({ name }) => name).join(".");
}

/** The fields at the ends of some paths, as a tree. `"whole"` is the end of a path. */
export type FieldTree = ReadonlyMap<DescField, FieldTree | "whole">;

/** Puts paths into one tree. None of them may lead through the end of another. */
export function fieldTree(paths: Iterable<FieldPath>): FieldTree {
  const root = new Map<DescField, FieldTree | "whole">();
  for (const path of paths) {
    let level = root;
    for (const field of path.slice(0, -1)) {
      const next = level.get(field);
      const branch =
        next === undefined || next === "whole" ? new Map<DescField, FieldTree | "whole">() : next;
      level.set(field, branch);
      level = branch as Map<DescField, FieldTree | "whole">;
    }
    const last = path.at(-1);
    if (last !== undefined) level.set(last, "whole");
  }
  return root;
}

/** Reads a field of a message: undefined if it has presence and is not set. */
export type FieldReader = (message: Message) => unknown;

/** Makes the reader of a field, with everything that depends only on the field worked out. */
export function fieldReader(field: DescField): FieldReader {
  const name = field.localName;
  const oneof = field.oneof?.localName;
  if (oneof !== undefined) {
    return (message) => {
      const member = properties(message)[oneof] as OneofValue | undefined;
      return member?.case === name ? member.value : undefined;
    };
  }
  if (field.presence === FeatureSet_FieldPresence.IMPLICIT) return (message) => properties(message)[name];
  // With presence, the prototype holds the default value (proto2, editions): only own properties are set.
  return (message) => (Object.hasOwn(message, name) ? properties(message)[name] : undefined);
}

/** Makes the reader of the field at the end of a path: undefined also if a message on the way is not set. */
export function fieldPathReader(path: FieldPath): FieldReader {
  const readers = path.map(fieldReader);
  const [first] = readers;
  if (first !== undefined && readers.length === 1) return first;
  return (message) => {
    let value: unknown = message;
    for (const read of readers) {
      if (value === undefined) return undefined;
      value = read(value as Message);
    }
    return value;
  };
}

/** Sets a field, whatever it held. */
export function setField(message: Message, field: DescField, value: unknown): void {
  if (field.oneof === undefined) properties(message)[field.localName] = value;
  else properties(message)[field.oneof.localName] = { case: field.localName, value };
}

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

interface OneofValue {
  readonly case: string | undefined;
  readonly value?: unknown;
}

/** protobuf-es keeps fields as plain properties. */
function properties(message: Message): Record<string, unknown> {
  return message as unknown as Record<string, unknown>;
}

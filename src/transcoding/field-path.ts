import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
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
  let parent = message;
  let offset = 0;
  for (const name of path.split(".")) {
    const last = fields.at(-1);
    const inside = last === undefined ? parent : messageIn(last);
    if (typeof inside === "string") return { offset, reason: inside };
    parent = inside;
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

/** The message type in which a path goes on, or why it cannot. */
function messageIn(field: DescField): DescMessage | string {
  if (field.fieldKind === "list") return `"${field.name}" is repeated`;
  if (field.fieldKind === "map") return `"${field.name}" is a map`;
  if (field.fieldKind !== "message") return `"${field.name}" is no message`;
  // One value on the wire, and in protobuf-es partly not even a message: they are taken whole.
  return hasCustomJsonRepresentation(field.message)
    ? `"${field.name}" is a ${field.message.typeName}, which has no parts in a URL`
    : field.message;
}

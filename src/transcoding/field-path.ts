import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";

/** A field and the message fields that lead to it: `a.b.c` of a template, resolved. */
export type FieldPath = readonly DescField[];

/** Why a field path cannot be resolved, and where in its text (an index). */
export interface FieldPathProblem {
  readonly offset: number;
  readonly reason: string;
}

/**
 * Resolves a field path of a rule. A rule uses the names of the .proto file, as in protoc-gen-grpc-gateway
 * (resolveFieldPath) and vanguard. For a JSON name, the problem suggests the name of the .proto file.
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

/** Whether {@link resolveFieldPath} has resolved the path. */
export function isFieldPath(resolved: FieldPath | FieldPathProblem): resolved is FieldPath {
  return Array.isArray(resolved);
}

/** Describes an unknown field name. */
export function noSuchField(message: DescMessage, name: string): string {
  const meant = message.fields.find(({ jsonName, localName }) => jsonName === name || localName === name);
  const hint = meant === undefined ? "" : ` (a rule has to say "${meant.name}")`;
  return `${message.typeName} has no field "${name}"${hint}`;
}

/** The message type in which a path continues, or why it cannot. */
function messageIn(field: DescField): DescMessage | string {
  if (field.fieldKind === "list") return `"${field.name}" is repeated`;
  if (field.fieldKind === "map") return `"${field.name}" is a map`;
  if (field.fieldKind !== "message") return `"${field.name}" is not a message`;
  // Such a type is one value in JSON, and protobuf-es does not even represent all of them as messages.
  return hasCustomJsonRepresentation(field.message)
    ? `"${field.name}" is a ${field.message.typeName}, whose fields cannot be path variables`
    : field.message;
}

import type { DescField, DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { CodecError } from "./codec-error.ts";
import { memoizeByType } from "./memoize-by-type.ts";

/**
 * Refuses a message that lacks a required field, of proto2 or of an edition's `LEGACY_REQUIRED`, at any depth. protobuf-es
 * looks for them when it writes, and not when it reads.
 *
 * @throws CodecError that names the field
 */
export function validateRequiredFields(desc: DescMessage, message: Message): void {
  if (mayLackField(desc)) checkMessage(reflect(desc, message as MessageShape<DescMessage>));
}

/** The same for the value of one field, where the others were not read. */
export function validateRequiredFieldsIn(field: DescField, message: Message): void {
  if (field.message === undefined || !mayLackField(field.message)) return;
  const holder = reflect(field.parent, message as MessageShape<DescMessage>);
  if (holder.isSet(field)) for (const each of messagesIn(holder, field)) checkMessage(each);
}

/** Nearly no type has one, at any depth. */
const mayLackField = memoizeByType((desc) => hasRequiredField(desc, new Set()));

function hasRequiredField(desc: DescMessage, seen: Set<DescMessage>): boolean {
  if (seen.has(desc)) return false;
  seen.add(desc);
  return desc.fields.some(
    (field) => isRequired(field) || (field.message !== undefined && hasRequiredField(field.message, seen)),
  );
}

function isRequired({ presence }: DescField): boolean {
  return presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

function checkMessage(message: ReflectMessage): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) {
      if (isRequired(field)) throw new CodecError(`${field} is required, and not there`);
    } else if (field.message !== undefined && mayLackField(field.message)) {
      for (const each of messagesIn(message, field)) checkMessage(each);
    }
  }
}

function messagesIn(message: ReflectMessage, field: DescField): Iterable<ReflectMessage> {
  switch (field.fieldKind) {
    case "message":
      return [message.get(field)];
    case "list":
      return message.get(field) as Iterable<ReflectMessage>;
    case "map":
      return message.get(field).values() as Iterable<ReflectMessage>;
    default:
      return [];
  }
}

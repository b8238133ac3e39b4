import type { DescField, DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { CodecError } from "./codec-error.ts";
import { memoizeByType } from "./memoize-by-type.ts";

/**
 * Validates that a message has all required fields, of proto2 or with an edition's `LEGACY_REQUIRED`, at any depth.
 * protobuf-es validates that when it encodes, but not when it decodes.
 *
 * @throws CodecError that names the field
 */
export function validateRequiredFields(desc: DescMessage, message: Message): void {
  if (canLackRequiredField(desc)) validateMessage(reflect(desc, message as MessageShape<DescMessage>));
}

/** Does the same for the value of one field, if the other fields were not decoded. */
export function validateRequiredFieldsIn(field: DescField, message: Message): void {
  if (field.message === undefined || !canLackRequiredField(field.message)) return;
  const holder = reflect(field.parent, message as MessageShape<DescMessage>);
  if (holder.isSet(field)) for (const each of messagesIn(holder, field)) validateMessage(each);
}

/** Whether a message type has required fields at any depth. Hardly any type has. */
const canLackRequiredField = memoizeByType((desc) => hasRequiredField(desc, new Set()));

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

function validateMessage(message: ReflectMessage): void {
  for (const field of message.fields) {
    if (!message.isSet(field)) {
      if (isRequired(field)) throw new CodecError(`${field} is required, and not set`);
    } else if (field.message !== undefined && canLackRequiredField(field.message)) {
      for (const each of messagesIn(message, field)) validateMessage(each);
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

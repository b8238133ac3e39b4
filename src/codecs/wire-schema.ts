import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { memoizeByType } from "./memoize-by-type.ts";
import { wireTypeOfScalar } from "./scalar-wire-type.ts";

/** The wire format of one value. */
export type ValueWireSchema =
  | { readonly wireType: WireType.Varint; readonly range: VarintRange }
  | { readonly wireType: WireType.Bit32 | WireType.Bit64 }
  | { readonly wireType: WireType.LengthDelimited; readonly holds: "bytes" | "text" | LazyMessageWireSchema }
  | { readonly wireType: WireType.StartGroup; readonly holds: LazyMessageWireSchema };

/** The values of a varint that decoding does not truncate. */
export type VarintRange = "bool" | "int32" | "uint32" | "sint32" | "64-bit";

/** The wire format of one field. */
export interface FieldWireSchema {
  readonly name: string;
  readonly value: ValueWireSchema;
  /** Whether the values may be packed: decoders accept repeated numbers packed or not, whatever the schema says. */
  readonly packable: boolean;
}

/** The wire format of a message: its fields by number. */
export type MessageWireSchema = ReadonlyMap<number, FieldWireSchema>;

/** Looks up the wire schema of a message type when it is needed, because a type may contain itself. */
export type LazyMessageWireSchema = () => MessageWireSchema;

/** Returns the wire schema of a message type. */
export const wireSchemaOf: (desc: DescMessage) => MessageWireSchema = memoizeByType(
  (desc) => new Map(desc.fields.map((field) => [field.number, fieldSchema(field)])),
);

function fieldSchema(field: DescField): FieldWireSchema {
  const value = field.fieldKind === "map" ? mapEntrySchema(field) : valueSchema(field);
  return {
    name: field.toString(),
    value,
    packable:
      field.fieldKind === "list" &&
      field.listKind !== "message" &&
      value.wireType !== WireType.LengthDelimited,
  };
}

/** A map is encoded as a list of messages with the key in field 1 and the value in field 2. */
function mapEntrySchema(field: DescField & { fieldKind: "map" }): ValueWireSchema {
  const name = field.toString();
  const entry: MessageWireSchema = new Map([
    [1, { name, value: scalarSchema(field.mapKey), packable: false }],
    [2, { name, value: valueSchema(field), packable: false }],
  ]);
  return { wireType: WireType.LengthDelimited, holds: () => entry };
}

function valueSchema(field: DescField): ValueWireSchema {
  const { message, scalar } = field;
  if (message !== undefined) {
    const wireType =
      "delimitedEncoding" in field && field.delimitedEncoding
        ? WireType.StartGroup
        : WireType.LengthDelimited;
    return { wireType, holds: () => wireSchemaOf(message) };
  }
  return scalar === undefined ? enumSchema : scalarSchema(scalar);
}

const enumSchema: ValueWireSchema = { wireType: WireType.Varint, range: "int32" };

function scalarSchema(type: ScalarType): ValueWireSchema {
  const wireType = wireTypeOfScalar(type);
  switch (wireType) {
    case WireType.LengthDelimited:
      // Also in proto2, which does not require UTF-8: strings of JavaScript cannot hold other bytes.
      return { wireType, holds: type === ScalarType.STRING ? "text" : "bytes" };
    case WireType.Varint:
      return { wireType, range: varintRangeOf(type) };
    default:
      return { wireType };
  }
}

function varintRangeOf(type: ScalarType): VarintRange {
  switch (type) {
    case ScalarType.BOOL:
      return "bool";
    case ScalarType.INT32:
      return "int32";
    case ScalarType.UINT32:
      return "uint32";
    case ScalarType.SINT32:
      return "sint32";
    default:
      return "64-bit";
  }
}

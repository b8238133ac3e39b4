import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { memoizeByType } from "./memoize-by-type.ts";
import { wireTypeOfScalar } from "./scalar-wire-type.ts";

/** What the bytes of one value must look like. */
export type ValueWireSchema =
  | { readonly wireType: WireType.Varint; readonly range: VarintRange }
  | { readonly wireType: WireType.Bit32 | WireType.Bit64 }
  | { readonly wireType: WireType.LengthDelimited; readonly holds: "bytes" | "text" | LazyMessageWireSchema }
  | { readonly wireType: WireType.StartGroup; readonly holds: LazyMessageWireSchema };

/** Which numbers a varint may hold without being cut when it is decoded. */
export type VarintRange = "bool" | "int32" | "uint32" | "sint32" | "64-bit";

/** What the bytes of one field must look like. */
export interface FieldWireSchema {
  readonly name: string;
  readonly value: ValueWireSchema;
  /** A repeated number may come packed or not, whatever the schema says. */
  readonly packable: boolean;
}

/** The fields of a message by number. */
export type MessageWireSchema = ReadonlyMap<number, FieldWireSchema>;

/** A message type may contain itself, so shapes are looked up when they are needed. */
export type LazyMessageWireSchema = () => MessageWireSchema;

/** What the bytes of a message must look like. */
export const wireSchemaOf: (desc: DescMessage) => MessageWireSchema = memoizeByType(
  (desc) => new Map(desc.fields.map((field) => [field.number, fieldShape(field)])),
);

function fieldShape(field: DescField): FieldWireSchema {
  const value = field.fieldKind === "map" ? mapEntryShape(field) : valueShape(field);
  return {
    name: field.toString(),
    value,
    packable:
      field.fieldKind === "list" &&
      field.listKind !== "message" &&
      value.wireType !== WireType.LengthDelimited,
  };
}

/** A map is written as a list of messages with the key in field 1 and the value in field 2. */
function mapEntryShape(field: DescField & { fieldKind: "map" }): ValueWireSchema {
  const name = field.toString();
  const entry: MessageWireSchema = new Map([
    [1, { name, value: scalarShape(field.mapKey), packable: false }],
    [2, { name, value: valueShape(field), packable: false }],
  ]);
  return { wireType: WireType.LengthDelimited, holds: () => entry };
}

function valueShape(field: DescField): ValueWireSchema {
  const { message, scalar } = field;
  if (message !== undefined) {
    const wireType =
      "delimitedEncoding" in field && field.delimitedEncoding
        ? WireType.StartGroup
        : WireType.LengthDelimited;
    return { wireType, holds: () => wireSchemaOf(message) };
  }
  return scalar === undefined ? enumShape : scalarShape(scalar);
}

const enumShape: ValueWireSchema = { wireType: WireType.Varint, range: "int32" };

function scalarShape(type: ScalarType): ValueWireSchema {
  const wireType = wireTypeOfScalar(type);
  switch (wireType) {
    case WireType.LengthDelimited:
      // Also where the schema does not ask for it (proto2): JavaScript's strings cannot hold anything else.
      return { wireType, holds: type === ScalarType.STRING ? "text" : "bytes" };
    case WireType.Varint:
      return { wireType, range: rangeOf(type) };
    default:
      return { wireType };
  }
}

function rangeOf(type: ScalarType): VarintRange {
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

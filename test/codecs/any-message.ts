import {
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  type Message,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { PlainLeafSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { anyCharacter } from "../support/any-character.ts";

const text = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 40 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 200 }),
  fc.constantFrom("\ufeffbom", "a".repeat(31), "a".repeat(32), "é".repeat(64), "x".repeat(20_000)),
);
const int = (min: number, max: number) => fc.oneof(fc.constantFrom(min, max, 0, 1), fc.integer({ min, max }));
const big = (min: bigint, max: bigint) =>
  fc.oneof(
    fc.constantFrom(min, max, 0n, 1n, 2n ** 32n, 2n ** 53n),
    fc.bigInt({ min, max }),
    fc.bigInt(0n, 300n),
  );
const int32 = int(-(2 ** 31), 2 ** 31 - 1);
const uint32 = int(0, 2 ** 32 - 1);
const int64 = big(-(2n ** 63n), 2n ** 63n - 1n);
const uint64 = big(0n, 2n ** 64n - 1n);
const float = fc.oneof(fc.float(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY));
const double = fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Number.NEGATIVE_INFINITY));

/** Any value of a scalar type. */
export const scalars: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.DOUBLE]: double,
  [ScalarType.FLOAT]: float,
  [ScalarType.INT32]: int32,
  [ScalarType.INT64]: int64,
  [ScalarType.UINT32]: uint32,
  [ScalarType.UINT64]: uint64,
  [ScalarType.SINT32]: int32,
  [ScalarType.SINT64]: int64,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 300 }),
};

/**
 * Random messages of a type. Only few fields are set, so that the messages stay small.
 *
 * @param depth how deep messages may be nested
 */
export function anyMessage(desc: DescMessage, depth: number): fc.Arbitrary<Message> {
  const known = wellKnown[desc.typeName];
  if (known !== undefined) return known.map((init) => create(desc, init) as Message);
  const members = desc.members
    .map((member) => memberInit(member, depth))
    .filter((member) => member !== undefined);
  if (members.length === 0) return fc.constant(create(desc) as Message);
  const required = desc.fields.filter(({ presence }) => presence === LEGACY_REQUIRED);
  return fc
    .tuple(
      fc.array(fc.oneof(...members), { maxLength: 6 }),
      fc.tuple(...required.map((field) => memberInit(field, depth) as fc.Arbitrary<Entry>)),
    )
    .map((entries) => create(desc, Object.fromEntries(entries.flat())) as Message);
}

/** `FeatureSet_FieldPresence.LEGACY_REQUIRED` */
const LEGACY_REQUIRED = 3;

type Entry = readonly [localName: string, value: unknown];

function memberInit(member: DescField | DescOneof, depth: number): fc.Arbitrary<Entry> | undefined {
  if (member.kind === "field") return fieldValue(member, depth)?.map((value) => [member.localName, value]);
  const cases = member.fields
    .map((field) => fieldValue(field, depth)?.map((value) => ({ case: field.localName, value })))
    .filter((each) => each !== undefined);
  return cases.length === 0 ? undefined : fc.oneof(...cases).map((value) => [member.localName, value]);
}

function fieldValue(field: DescField, depth: number): fc.Arbitrary<unknown> | undefined {
  const one = oneValue(field, depth);
  if (one === undefined) return undefined;
  if (field.fieldKind === "list") return fc.array(one, { maxLength: 4 });
  if (field.fieldKind === "map") return fc.dictionary(scalars[field.mapKey].map(String), one, { maxKeys: 3 });
  return one;
}

function oneValue(field: DescField, depth: number): fc.Arbitrary<unknown> | undefined {
  const { message, scalar, fieldKind } = field;
  if (field.enum !== undefined) {
    const known = fc.constantFrom(...field.enum.values.map(({ number }) => number));
    return field.enum.open && field.enum.typeName !== "google.protobuf.NullValue"
      ? fc.oneof(known, int32)
      : known;
  }
  if (scalar !== undefined) {
    return "longAsString" in field && field.longAsString ? scalars[scalar].map(String) : scalars[scalar];
  }
  if (message === undefined || depth === 0) return undefined;
  if (message.typeName === "google.protobuf.Struct") return jsonObject;
  const wrapped = isWrapperDesc(message) && fieldKind === "message" && field.oneof === undefined;
  return wrapped ? scalars[message.fields[0].scalar] : anyMessage(message, depth - 1);
}

const jsonScalar = fc.oneof(
  fc.constantFrom(null, -0, 0),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  text,
);
const jsonObject = fc.dictionary(
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.oneof(
    jsonScalar,
    fc.array(jsonScalar, { maxLength: 2 }),
    fc.dictionary(fc.string({ maxLength: 3 }), jsonScalar, { maxKeys: 2 }),
  ),
  { maxKeys: 3 },
);

const wellKnown: Readonly<Record<string, fc.Arbitrary<Record<string, unknown>>>> = {
  "google.protobuf.Timestamp": fc.record({
    seconds: fc.bigInt({ min: -62135596800n, max: 253402300799n }),
    nanos: fc.oneof(fc.constantFrom(0, 1, 1000, 500_000_000), fc.nat(999_999_999)),
  }),
  "google.protobuf.Duration": fc.record({
    seconds: fc.bigInt({ min: 0n, max: 315_576_000_000n }),
    nanos: fc.nat(999_999_999),
  }),
  "google.protobuf.FieldMask": fc.constantFrom({ paths: [] }, { paths: ["a_b", "c.d_e"] }),
  "google.protobuf.Value": fc.oneof(
    fc.constantFrom(-0, 1e300).map((value) => ({ kind: { case: "numberValue", value } })),
    text.map((value) => ({ kind: { case: "stringValue", value } })),
    fc.constant({ kind: { case: "nullValue", value: 0 } }),
  ),
  "google.protobuf.ListValue": fc.constantFrom(
    { values: [] },
    { values: [{ kind: { case: "boolValue", value: true } }, { kind: { case: "numberValue", value: -0 } }] },
  ),
  "google.protobuf.Any": fc.constantFrom(
    {},
    {
      typeUrl: `type.googleapis.com/${PlainLeafSchema.typeName}`,
      value: toBinary(PlainLeafSchema, create(PlainLeafSchema, { id: "packed", size: 2n ** 64n - 1n })),
    },
  ),
};

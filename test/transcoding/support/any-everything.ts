import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { DurationSchema, FieldMaskSchema, StringValueSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import * as fc from "fast-check";
import { EverythingSchema, InnerSchema } from "../../gen/bytenite/test/v1/everything_pb.js";
import { anyCharacter } from "../../support/any-character.ts";

type Init = Exclude<MessageInitShape<typeof EverythingSchema>, { $typeName: string }>;

/** Well-formed text with the characters that have a meaning in a URL. */
export const anyText = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(..."/%?#&=+;:@!$'()*,.~_-[]{}|\\^`\"<> \t\0é😀aZ0", "%2F", "%2f", "%25", "..", "."),
      { maxLength: 8 },
    )
    .map((parts) => parts.join("")),
);

const limits32 = fc.constantFrom(-(2 ** 31), -1, 0, 1, 2 ** 31 - 1);
const limits64 = fc.constantFrom(-(2n ** 63n), -1n, 0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n);

const bytes = fc.uint8Array({ maxLength: 9 });
const color = fc.oneof(fc.constantFrom(0, 1, 7, -1), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const double = fc.oneof(fc.double(), fc.constantFrom(-0, Number.NaN, Infinity, -Infinity, 5e-324, 1e21));
const float = fc.oneof(fc.float(), fc.constantFrom(-0, Number.NaN, Infinity, Math.fround(3.4028235e38)));
const int32 = fc.oneof(limits32, fc.integer());
const uint32 = fc.oneof(fc.constantFrom(0, 2 ** 32 - 1), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const int64 = fc.oneof(limits64, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const uint64 = fc.oneof(fc.constantFrom(0n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));

const timestamp = fc
  .record({
    seconds: fc.bigInt({ min: -62135596800n, max: 253402300799n }),
    nanos: fc.oneof(fc.constantFrom(0, 1, 1000, 500_000_000), fc.integer({ min: 0, max: 999_999_999 })),
  })
  .map((init) => create(TimestampSchema, init));

const duration = fc
  .record({
    sign: fc.constantFrom(1, -1),
    seconds: fc.bigInt({ min: 0n, max: 315_576_000_000n }),
    nanos: fc.oneof(fc.constantFrom(0, 1, 1000, 500_000_000), fc.integer({ min: 0, max: 999_999_999 })),
  })
  .map(({ sign, seconds, nanos }) =>
    create(DurationSchema, { seconds: BigInt(sign) * seconds, nanos: nanos === 0 ? 0 : sign * nanos }),
  );

const fieldMask = fc
  .array(fc.stringMatching(/^[a-z]{1,4}(?:_[a-z]{1,4}){0,2}(?:\.[a-z]{1,4}(?:_[a-z]{1,4})?){0,2}$/), {
    maxLength: 3,
  })
  .map((paths) => create(FieldMaskSchema, { paths }));

const inner = fc
  .record(
    {
      name: anyText,
      itemCount: int32,
      note: anyText,
      tags: fc.array(anyText, { maxLength: 2 }),
      innermost: fc.record({ id: anyText, size: uint64 }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  .map((init) => create(InnerSchema, init));

const wrappers = <T>(values: fc.Arbitrary<T>) => fc.array(fc.record({ value: values }), { maxLength: 2 });

const choice = fc.oneof(
  anyText.map((value) => ({ case: "choiceString" as const, value })),
  int64.map((value) => ({ case: "choiceInt64" as const, value })),
  inner.map((value) => ({ case: "choiceInner" as const, value })),
  anyText.map((value) => ({ case: "choiceWrapper" as const, value: create(StringValueSchema, { value }) })),
  timestamp.map((value) => ({ case: "choiceTimestamp" as const, value })),
  color.map((value) => ({ case: "choiceEnum" as const, value })),
  fc.boolean().map((value) => ({ case: "choiceBool" as const, value })),
);

const sendable = {
  doubleValue: double,
  floatValue: float,
  int32Value: int32,
  int64Value: int64,
  uint32Value: uint32,
  uint64Value: uint64,
  sint32Value: int32,
  sint64Value: int64,
  fixed32Value: uint32,
  fixed64Value: uint64,
  sfixed32Value: int32,
  sfixed64Value: int64,
  boolValue: fc.boolean(),
  stringValue: anyText,
  bytesValue: bytes,
  enumValue: color,
  textLong: int64.map(String),
  optString: anyText,
  optInt32: int32,
  optBool: fc.boolean(),
  optEnum: color,
  optBytes: bytes,
  optDouble: double,
  stringList: fc.array(anyText, { maxLength: 3 }),
  int32List: fc.array(int32, { maxLength: 3 }),
  enumList: fc.array(color, { maxLength: 3 }),
  bytesList: fc.array(bytes, { maxLength: 3 }),
  doubleList: fc.array(double, { maxLength: 3 }),
  int64List: fc.array(int64, { maxLength: 3 }),
  timestampList: fc.array(timestamp, { maxLength: 2 }),
  durationList: fc.array(duration, { maxLength: 2 }),
  fieldMaskList: fc.array(fieldMask, { maxLength: 2 }),
  doubleWrapperList: wrappers(double),
  floatWrapperList: wrappers(float),
  int32WrapperList: wrappers(int32),
  int64WrapperList: wrappers(int64),
  uint32WrapperList: wrappers(uint32),
  uint64WrapperList: wrappers(uint64),
  boolWrapperList: wrappers(fc.boolean()),
  stringWrapperList: wrappers(anyText),
  bytesWrapperList: wrappers(bytes),
  inner,
  choice,
  doubleWrapper: double,
  floatWrapper: float,
  int32Wrapper: int32,
  int64Wrapper: int64,
  uint32Wrapper: uint32,
  uint64Wrapper: uint64,
  boolWrapper: fc.boolean(),
  stringWrapper: anyText,
  bytesWrapper: bytes,
  timestamp,
  duration,
  fieldMask,
  renamed: anyText,
  odd: anyText,
  dotted: anyText,
};

/** Fields that a query cannot have. */
const bodyOnly = {
  innerList: fc.array(inner, { maxLength: 2 }),
  stringMap: fc.dictionary(fc.string({ maxLength: 3 }), anyText, { maxKeys: 2 }),
  innerMap: fc.dictionary(fc.nat(9).map(String), inner, { maxKeys: 2 }),
  struct: fc.dictionary(
    fc.string({ maxLength: 3 }),
    fc.oneof(fc.constant(null), fc.boolean(), fc.nat(), anyText, fc.array(fc.nat(), { maxLength: 2 })),
    { maxKeys: 2 },
  ),
};

const optional = { requiredKeys: [] };
const self = fc.record(sendable, optional).map((init) => create(EverythingSchema, init as Init));

/** Messages of which all fields can be in a query. */
export const anySendable = fc
  .record({ ...sendable, self }, optional)
  .map((init) => create(EverythingSchema, init as Init));

/** Messages that need a body. */
export const anyEverything = fc
  .record({ ...sendable, ...bodyOnly, self }, optional)
  .map((init) => create(EverythingSchema, init as Init));

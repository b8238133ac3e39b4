import {
  create,
  createRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
  type MessageShape,
  type Registry,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  AnySchema,
  anyPack,
  DurationSchema,
  FeatureSet_FieldPresence,
  FieldMaskSchema,
  type ListValue,
  ListValueSchema,
  type Struct,
  StructSchema,
  TimestampSchema,
  type Value,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import type { Random } from "../fuzz/random.ts";

/** What a message is to be made of. */
export interface Making {
  /** The part of the fields that is set, from 0 to 1. */
  readonly set: number;
  /** How many messages may lie in one another. */
  readonly depth: number;
  /** Which fields may be set; all, if undefined. */
  readonly may?: (field: DescField) => boolean;
  /** Whether a message in which no field is set may be set itself: a query cannot say it. */
  readonly empty?: boolean;
}

/** Fields in one message, with those within: some types hold thousands. */
const MOST_FIELDS = 300;

/** What stands in a google.protobuf.Any, where it is among the types. */
const packed = [
  "google.rpc.ErrorInfo",
  "google.type.LatLng",
  "google.protobuf.Duration",
  "google.protobuf.StringValue",
];

const texts = [
  "a",
  "a b",
  "é",
  "100%",
  "%2F",
  "a/b",
  "?#&=+;",
  "x:y",
  "\"'<>\\",
  "漢字",
  "😀",
  "-._~",
  " ",
  "{*}",
  "!$'()*,@[]",
];
const ints = [1, -1, 2, 127, 128, -128, 65_536, 2 ** 31 - 1, -(2 ** 31), 0];
const longs = [
  1n,
  -1n,
  300n,
  2n ** 31n,
  2n ** 53n,
  2n ** 53n + 1n,
  -(2n ** 53n) - 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  0n,
];
const doubles = [
  1,
  -1,
  0.1,
  1.5,
  1e21,
  1e-7,
  123_456_789.125,
  5e-324,
  Number.MAX_VALUE,
  Number.NaN,
  Infinity,
  -Infinity,
  0,
];
const maskPaths = ["name", "display_name", "config.task_timeout", "labels", "a.b_c.d", "x"];

/** Makes random messages of any type; their values are at an edge more often than not. */
export class MessageMaker {
  /** What it takes to write and read a google.protobuf.Any of its messages in JSON. */
  readonly registry: Registry;
  readonly #random: Random;
  readonly #packed: readonly DescMessage[];

  constructor(random: Random, types: Registry) {
    this.#random = random;
    this.#packed = packed.map((name) => types.getMessage(name)).filter((desc) => desc !== undefined);
    this.registry = createRegistry(...this.#packed);
  }

  message(desc: DescMessage, making: Making): MessageShape<DescMessage> {
    return this.#message(desc, making, { left: MOST_FIELDS }).message as MessageShape<DescMessage>;
  }

  /** A text with what means something in a path, in a query, or in JSON. Never empty. */
  text(): string {
    return this.#random.chance(0.7) ? this.#random.pick(texts) : `x${this.#random.text(8)}`;
  }

  /** A value of a field that is a scalar or an enum, or of one item of it. */
  value(field: DescField): unknown {
    if (field.enum !== undefined) return this.#enum(field.enum);
    return this.#scalar(field.scalar as ScalarType);
  }

  /** Sets one field, with all that is in it. */
  set(message: ReflectMessage, field: DescField, making: Making): void {
    this.#set(message, field, making, { left: MOST_FIELDS });
  }

  #message(desc: DescMessage, making: Making, budget: { left: number }): ReflectMessage {
    const known = this.#wellKnown(desc);
    if (known !== undefined) return reflect(desc, known as MessageShape<DescMessage>);
    const message = reflect(desc, create(desc));
    for (const field of message.fields) {
      const isRequired = field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
      const isWanted =
        making.may?.(field) !== false &&
        this.#random.chance(making.set) &&
        budget.left > 0 &&
        (making.depth > 0 || field.message === undefined);
      if (isRequired || isWanted) this.#set(message, field, making, budget);
    }
    return message;
  }

  #set(message: ReflectMessage, field: DescField, making: Making, budget: { left: number }): void {
    budget.left--;
    const inner = { ...making, depth: making.depth - 1 };
    const one = () =>
      field.message === undefined ? this.value(field) : this.#message(field.message, inner, budget);
    if (field.fieldKind === "list") {
      const list = message.get(field);
      for (let count = 1 + this.#random.below(2); count > 0; count--) {
        const item = one();
        if (isUseful(field.message, item, making)) list.add(item);
      }
    } else if (field.fieldKind === "map") {
      const item = one();
      if (isUseful(field.message, item, making))
        message.get(field).set(this.#scalar(field.mapKey) as string, item);
    } else {
      const item = one();
      if (isUseful(field.message, item, making)) message.set(field, item);
    }
  }

  #scalar(type: ScalarType): unknown {
    const random = this.#random;
    switch (type) {
      case ScalarType.STRING:
        return this.text();
      case ScalarType.BYTES:
        return random.bytes(random.below(7));
      case ScalarType.BOOL:
        return random.chance(0.8);
      case ScalarType.DOUBLE:
        return random.pick(doubles);
      case ScalarType.FLOAT:
        return Math.fround(random.pick(doubles));
      case ScalarType.INT32:
      case ScalarType.SINT32:
      case ScalarType.SFIXED32:
        return random.pick(ints);
      case ScalarType.UINT32:
      case ScalarType.FIXED32:
        return random.pick(ints) >>> 0;
      case ScalarType.UINT64:
      case ScalarType.FIXED64:
        return BigInt.asUintN(64, random.pick(longs));
      default:
        return random.pick(longs);
    }
  }

  #enum(desc: DescEnum): number {
    const random = this.#random;
    return desc.open && random.chance(0.05) ? 123_456 : random.pick(desc.values).number;
  }

  /** Messages that JSON writes in a form of its own, which not every value of their fields has. */
  #wellKnown(desc: DescMessage): Message | undefined {
    const random = this.#random;
    const nanos = random.pick([0, 1, 1_000, 500_000_000, 999_999_999]);
    switch (desc.typeName) {
      case TimestampSchema.typeName:
        return create(TimestampSchema, {
          seconds: random.pick([0n, -1n, 1_700_000_000n, -62_135_596_800n, 253_402_300_799n]),
          nanos,
        });
      case DurationSchema.typeName: {
        const sign = random.pick([1, -1]);
        const seconds = random.pick([0n, 1n, 3_600n, 315_576_000_000n]);
        // Not one nanosecond more than that.
        const within = seconds === 315_576_000_000n || nanos === 0 ? 0 : sign * nanos;
        return create(DurationSchema, { seconds: BigInt(sign) * seconds, nanos: within });
      }
      case FieldMaskSchema.typeName:
        return create(FieldMaskSchema, { paths: [random.pick(maskPaths), random.pick(maskPaths)] });
      case StructSchema.typeName:
        return this.#struct(2);
      case ValueSchema.typeName:
        return this.#value(2);
      case ListValueSchema.typeName:
        return this.#listValue(2);
      case AnySchema.typeName: {
        const inner = this.#packed[random.below(this.#packed.length)];
        if (inner === undefined) return create(AnySchema);
        return anyPack(inner, this.message(inner, { set: 0.5, depth: 1 }));
      }
      default:
        return undefined;
    }
  }

  #struct(depth: number): Struct {
    return create(StructSchema, {
      fields: { [this.text()]: this.#value(depth - 1), b: this.#value(depth - 1) },
    });
  }

  #listValue(depth: number): ListValue {
    return create(ListValueSchema, { values: [this.#value(depth - 1), this.#value(depth - 1)] });
  }

  #value(depth: number): Value {
    const random = this.#random;
    const kinds = [
      { case: "nullValue", value: 0 },
      { case: "numberValue", value: random.pick([0, 1, -1.5, 1e21, 9_007_199_254_740_992]) },
      { case: "stringValue", value: this.text() },
      { case: "boolValue", value: random.chance(0.5) },
    ] as const;
    if (depth > 0 && random.chance(0.3)) {
      const kind = random.chance(0.5)
        ? ({ case: "structValue", value: this.#struct(depth) } as const)
        : ({ case: "listValue", value: this.#listValue(depth) } as const);
      return create(ValueSchema, { kind });
    }
    return create(ValueSchema, { kind: random.pick(kinds) });
  }
}

function isUseful(desc: DescMessage | undefined, item: unknown, { empty = true }: Making): boolean {
  if (desc === undefined) return true;
  const message = item as ReflectMessage;
  // One that holds nothing cannot be written in JSON.
  if (desc.typeName === AnySchema.typeName) return message.fields.some((field) => message.isSet(field));
  return empty || hasForm.has(desc.typeName) || message.fields.some((field) => message.isSet(field));
}

/** What is one text in JSON and in a query. */
const hasForm: ReadonlySet<string> = new Set([
  TimestampSchema.typeName,
  DurationSchema.typeName,
  FieldMaskSchema.typeName,
]);

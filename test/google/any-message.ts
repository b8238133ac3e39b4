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

/** How a random message is made. */
export interface MessageOptions {
  /** The probability that a field is set, from 0 to 1. */
  readonly set: number;
  /** How deep messages may be nested. */
  readonly depth: number;
  /** Whether a field may be set; all may, if undefined. */
  readonly mayBeSet?: (field: DescField) => boolean;
  /** Whether an empty message may be set; a query cannot carry one. */
  readonly allowEmpty?: boolean;
}

/** The limit of fields in one message, including nested ones: some types have thousands. */
const MAX_FIELDS = 300;

/** The types of messages in a google.protobuf.Any. */
const anyTypes = [
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

/** Makes random messages of any type, mostly with boundary values. */
export class MessageMaker {
  /** The types for every google.protobuf.Any in its messages, for JSON. */
  readonly registry: Registry;
  readonly #random: Random;
  readonly #anyTypes: readonly DescMessage[];

  constructor(random: Random, types: Registry) {
    this.#random = random;
    this.#anyTypes = anyTypes.map((name) => types.getMessage(name)).filter((desc) => desc !== undefined);
    this.registry = createRegistry(...this.#anyTypes);
  }

  message(desc: DescMessage, options: MessageOptions): MessageShape<DescMessage> {
    return this.#message(desc, options, { left: MAX_FIELDS }).message as MessageShape<DescMessage>;
  }

  /** A text with characters that have a meaning in a path, a query or JSON. It is never empty. */
  text(): string {
    return this.#random.chance(0.7) ? this.#random.pick(texts) : `x${this.#random.text(8)}`;
  }

  /** A value, or an item, of a field that is a scalar or an enum. */
  value(field: DescField): unknown {
    if (field.enum !== undefined) return this.#enum(field.enum);
    return this.#scalar(field.scalar as ScalarType);
  }

  /** Sets one field, including nested messages. */
  set(message: ReflectMessage, field: DescField, options: MessageOptions): void {
    this.#set(message, field, options, { left: MAX_FIELDS });
  }

  #message(desc: DescMessage, options: MessageOptions, budget: { left: number }): ReflectMessage {
    const known = this.#wellKnown(desc);
    if (known !== undefined) return reflect(desc, known as MessageShape<DescMessage>);
    const message = reflect(desc, create(desc));
    for (const field of message.fields) {
      const isRequired = field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
      const isChosen =
        options.mayBeSet?.(field) !== false &&
        this.#random.chance(options.set) &&
        budget.left > 0 &&
        (options.depth > 0 || field.message === undefined);
      if (isRequired || isChosen) this.#set(message, field, options, budget);
    }
    return message;
  }

  #set(message: ReflectMessage, field: DescField, options: MessageOptions, budget: { left: number }): void {
    budget.left--;
    const inner = { ...options, depth: options.depth - 1 };
    const one = () =>
      field.message === undefined ? this.value(field) : this.#message(field.message, inner, budget);
    if (field.fieldKind === "list") {
      const list = message.get(field);
      for (let count = 1 + this.#random.below(2); count > 0; count--) {
        const item = one();
        if (isUseful(field.message, item, options)) list.add(item);
      }
    } else if (field.fieldKind === "map") {
      const item = one();
      if (isUseful(field.message, item, options))
        message.get(field).set(this.#scalar(field.mapKey) as string, item);
    } else {
      const item = one();
      if (isUseful(field.message, item, options)) message.set(field, item);
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

  /** Well-known types with JSON forms of their own, which only allow some values. */
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
        // The largest Duration has no nanos.
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
        const inner = this.#anyTypes[random.below(this.#anyTypes.length)];
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

function isUseful(
  desc: DescMessage | undefined,
  item: unknown,
  { allowEmpty = true }: MessageOptions,
): boolean {
  if (desc === undefined) return true;
  const message = item as ReflectMessage;
  // An empty Any has no JSON form.
  if (desc.typeName === AnySchema.typeName) return message.fields.some((field) => message.isSet(field));
  return allowEmpty || stringTypes.has(desc.typeName) || message.fields.some((field) => message.isSet(field));
}

/** Types that are a string in JSON and in a query. */
const stringTypes: ReadonlySet<string> = new Set([
  TimestampSchema.typeName,
  DurationSchema.typeName,
  FieldMaskSchema.typeName,
]);

// Random message types, made at run time, and random messages of them.
import {
  create,
  createFileRegistry,
  type DescField,
  type DescFile,
  type DescMessage,
  type MessageInitShape,
  type Registry,
  ScalarType,
} from "@bufbuild/protobuf";
import {
  anyPack,
  DescriptorProtoSchema,
  Edition,
  EnumDescriptorProtoSchema,
  FeatureSet_FieldPresence,
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  isWrapperDesc,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";

const wellKnown: readonly DescFile[] = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
];

const scalarTypes = Object.values(Type).filter(
  (type): type is Type => typeof type === "number" && ![Type.GROUP, Type.MESSAGE, Type.ENUM].includes(type),
);
const keyTypes = scalarTypes.filter((type) => ![Type.DOUBLE, Type.FLOAT, Type.BYTES].includes(type));
const messageTypes = [
  "test.Root",
  "test.Leaf",
  ...["Any", "Duration", "FieldMask", "Struct", "Value", "ListValue", "Timestamp"].map(
    (n) => `google.protobuf.${n}`,
  ),
  ...["Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String", "Bytes"].map(
    (n) => `google.protobuf.${n}Value`,
  ),
];

type Syntax = "proto2" | "proto3" | "editions";

interface FieldSpec {
  readonly type: Type;
  readonly typeName: string;
  readonly kind: "singular" | "optional" | "required" | "list" | "map" | "oneof";
  readonly keyType: Type;
}

const fieldSpec: fc.Arbitrary<FieldSpec> = fc.record({
  type: fc.oneof(
    fc.constantFrom(...scalarTypes),
    fc.constantFrom(Type.INT64, Type.UINT64, Type.ENUM),
    fc.constant(Type.MESSAGE),
    fc.constant(Type.MESSAGE),
  ),
  typeName: fc.constantFrom(...messageTypes),
  kind: fc.constantFrom("singular", "singular", "optional", "required", "list", "list", "map", "oneof"),
  keyType: fc.constantFrom(...keyTypes),
});

/** A message type, and a registry with the types of its fields. */
export interface Schema {
  readonly desc: DescMessage;
  readonly registry: Registry;
}

/** A schema and an init object. */
export interface Case {
  readonly schema: Schema;
  readonly init: Record<string, unknown>;
}

/** Message types of proto2, proto3 and edition 2023, with up to twelve fields of any kind. */
export const anySchema: fc.Arbitrary<Schema> = fc
  .record({
    syntax: fc.constantFrom<Syntax>("proto2", "proto3", "editions"),
    specs: fc.array(fieldSpec, { minLength: 1, maxLength: 12 }),
  })
  .map(({ syntax, specs }) => schemaOf(syntax, specs));

function schemaOf(syntax: Syntax, specs: readonly FieldSpec[]): Schema {
  const root = create(DescriptorProtoSchema, { name: "Root" });
  for (const [i, spec] of specs.entries()) addField(root, syntax, `field_${i}`, i + 1, spec);
  if (root.field.some(({ oneofIndex, proto3Optional }) => oneofIndex === 0 && !proto3Optional)) {
    root.oneofDecl.push({ $typeName: "google.protobuf.OneofDescriptorProto", name: "choice" });
  }
  // The synthetic oneofs of proto3's optional fields have to come last.
  for (const field of root.field.filter(({ proto3Optional }) => proto3Optional)) {
    field.oneofIndex = root.oneofDecl.length;
    root.oneofDecl.push({ $typeName: "google.protobuf.OneofDescriptorProto", name: `_${field.name}` });
  }
  const leaf = create(DescriptorProtoSchema, {
    name: "Leaf",
    field: [
      { name: "name", number: 1, label: Label.OPTIONAL, type: Type.STRING, jsonName: "name" },
      { name: "long_value", number: 2, label: Label.OPTIONAL, type: Type.UINT64, jsonName: "longValue" },
    ],
  });
  const shade = create(EnumDescriptorProtoSchema, {
    name: "Shade",
    value: [
      { name: "SHADE_NONE", number: 0 },
      { name: "SHADE_DARK", number: 1 },
      { name: "SHADE_BELOW", number: -1 },
    ],
  });
  const file = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax,
    ...(syntax === "editions" && { edition: Edition.EDITION_2023 }),
    dependency: wellKnown.map(({ proto }) => proto.name),
    messageType: [root, leaf],
    enumType: [shade],
  });
  const registry = createFileRegistry(file, (name) => wellKnown.find(({ proto }) => proto.name === name));
  const description = `${syntax} ${specs.map((spec, i) => `field_${i}: ${JSON.stringify(spec)}`).join(", ")}`;
  return {
    desc: registry.getMessage("test.Root") as DescMessage,
    registry,
    [fc.toStringMethod]: () => description,
  } as Schema;
}

function addField(
  root: MessageInitShape<typeof DescriptorProtoSchema> & { field: unknown[]; nestedType: unknown[] },
  syntax: Syntax,
  name: string,
  number: number,
  { type, typeName, kind, keyType }: FieldSpec,
): void {
  const jsonName = name.replace(/_(\d)/, "$1");
  const typed = {
    type,
    ...(type === Type.MESSAGE && { typeName: `.${typeName}` }),
    ...(type === Type.ENUM && { typeName: ".test.Shade" }),
  };
  const field = create(FieldDescriptorProtoSchema, {
    name,
    number,
    jsonName,
    label: Label.OPTIONAL,
    ...typed,
  });
  root.field.push(field);
  switch (kind) {
    case "list":
      field.label = Label.REPEATED;
      break;
    case "map": {
      const entry = `Field${number - 1}Entry`;
      root.nestedType.push(
        create(DescriptorProtoSchema, {
          name: entry,
          options: { mapEntry: true },
          field: [
            { name: "key", number: 1, label: Label.OPTIONAL, type: keyType, jsonName: "key" },
            { name: "value", number: 2, label: Label.OPTIONAL, jsonName: "value", ...typed },
          ],
        }),
      );
      Object.assign(field, { label: Label.REPEATED, type: Type.MESSAGE, typeName: `.test.Root.${entry}` });
      break;
    }
    case "oneof":
      field.oneofIndex = 0;
      break;
    case "required":
      // Not a message, because a required recursive message would be infinite.
      if (syntax === "proto2" && type !== Type.MESSAGE) field.label = Label.REQUIRED;
      break;
    case "optional":
      if (syntax === "proto3" && type !== Type.MESSAGE) field.proto3Optional = true;
      if (syntax === "editions" && type !== Type.MESSAGE) {
        field.options = create(
          FieldDescriptorProtoSchema.field.options.message as never,
          {
            features: { fieldPresence: FeatureSet_FieldPresence.IMPLICIT },
          } as never,
        );
      }
      break;
  }
}

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom(
    "9007199254740993",
    "5.0",
    "1e400",
    '{"a":1}',
    "\\ud800",
    "__proto__",
    "a:b",
    '"',
    "\ufeff",
  ),
);
const long = (min: bigint, max: bigint) =>
  fc.oneof(
    fc.constantFrom(min, max, 0n, 2n ** 53n, 2n ** 53n + 1n, max - 1n),
    fc.bigInt({ min, max }),
    fc.bigInt(0n, 9n),
  );
const int64 = long(-(2n ** 63n), 2n ** 63n - 1n);
const uint64 = long(0n, 2n ** 64n - 1n);
const int32 = fc.oneof(fc.constantFrom(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer());
const uint32 = fc.oneof(fc.constantFrom(0, 2 ** 32 - 1), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
// Without NaN and minus zero, which have tests of their own: equality treats them specially.
const double = fc.oneof(
  fc.double({ noNaN: true }).map((value) => value + 0),
  fc.constantFrom(Infinity, -Infinity, 2 ** 53 + 2, 1e21, 5e-324),
);
const float = double.map((value) => (Math.abs(value) > 3e38 ? value / 0 || 0 : Math.fround(value) + 0));

const scalars: Record<ScalarType, fc.Arbitrary<unknown>> = {
  [ScalarType.DOUBLE]: double,
  [ScalarType.FLOAT]: float,
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 6 }),
};

const jsonValue = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom(null, true, 0, 1.5, 9007199254740992, "9007199254740993", ""),
    text,
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(
    fc.string({ maxLength: 4 }).filter((key) => key !== "__proto__"),
    tie("value"),
    { maxKeys: 3 },
  ),
}));

/** Init objects of a type, with random fields and all required ones set. */
export function anyInit(desc: DescMessage, depth = 2): fc.Arbitrary<Record<string, unknown>> {
  const members: Record<string, fc.Arbitrary<unknown>> = {};
  const required: string[] = [];
  for (const member of desc.members) {
    if (member.kind === "oneof") {
      const cases = member.fields.map((field) =>
        valueFor(field, depth).map((value) => ({ case: field.localName, value })),
      );
      members[member.localName] = fc.oneof(...cases);
      continue;
    }
    if (member.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) required.push(member.localName);
    members[member.localName] = fieldOf(member, depth);
  }
  return fc.record(members, { requiredKeys: required });
}

function fieldOf(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const value = valueFor(field, depth);
  if (field.fieldKind === "list") return fc.array(value, { maxLength: 3 });
  if (field.fieldKind !== "map") return value;
  const key = scalars[field.mapKey].map(String).filter((each) => each !== "__proto__");
  return fc.dictionary(key, value, { maxKeys: 3 });
}

function valueFor(field: DescField, depth: number): fc.Arbitrary<unknown> {
  const { message, enum: enumeration, scalar = ScalarType.INT32 } = field;
  if (enumeration !== undefined) return fc.constantFrom(...enumeration.values.map(({ number }) => number));
  if (message === undefined) return scalars[scalar];
  if (isWrapperDesc(message)) {
    const value = scalars[message.fields[0].scalar as ScalarType];
    const isUnwrapped = field.fieldKind === "message" && field.oneof === undefined;
    return isUnwrapped ? value : fc.record({ value });
  }
  switch (message.typeName) {
    case "google.protobuf.Struct":
      return jsonValue.object as fc.Arbitrary<unknown>;
    case "google.protobuf.Value":
      return jsonKind(depth);
    case "google.protobuf.ListValue":
      return fc.record({ values: fc.array(jsonKind(depth - 1), { maxLength: 2 }) });
    case "google.protobuf.Timestamp":
      return fc.record({
        seconds: fc.bigInt({ min: -62135596800n, max: 253402300799n }),
        nanos: fc.integer({ min: 0, max: 999_999_999 }),
      });
    case "google.protobuf.Duration":
      return fc
        .tuple(
          fc.bigInt({ min: -315576000000n, max: 315576000000n }),
          fc.integer({ min: 0, max: 999_999_999 }),
        )
        .map(([seconds, nanos]) => ({ seconds, nanos: seconds < 0n && nanos > 0 ? -nanos : nanos }));
    case "google.protobuf.FieldMask":
      return fc.record({
        paths: fc.array(fc.stringMatching(/^[a-z]{1,3}(_[a-z]{1,3})?$/), { maxLength: 2 }),
      });
    case "google.protobuf.Any": {
      const leaf = field.parent.file.messages.find(({ name }) => name === "Leaf") as DescMessage;
      return anyInit(leaf, 0).map((init) => anyPack(leaf, create(leaf, init) as never));
    }
    default:
      return depth > 0 ? anyInit(message, depth - 1) : fc.constant(undefined).map(() => minimal(message));
  }
}

/** The init object of a message with only its required fields. */
function minimal(desc: DescMessage): Record<string, unknown> {
  const required = desc.fields.filter(
    ({ presence }) => presence === FeatureSet_FieldPresence.LEGACY_REQUIRED,
  );
  return Object.fromEntries(required.map((field) => [field.localName, zeroOf(field)]));
}

function zeroOf({ scalar }: DescField): unknown {
  switch (scalar) {
    case ScalarType.STRING:
      return "";
    case ScalarType.BYTES:
      return new Uint8Array();
    case ScalarType.BOOL:
      return false;
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return 0n;
    default:
      return 0;
  }
}

function jsonKind(depth: number): fc.Arbitrary<unknown> {
  const simple = fc.oneof(
    fc.constant({ case: "nullValue", value: 0 }),
    fc.boolean().map((value) => ({ case: "boolValue", value })),
    fc.constantFrom(0, -1.5, 9007199254740992, 1e300).map((value) => ({ case: "numberValue", value })),
    text.map((value) => ({ case: "stringValue", value })),
  );
  if (depth <= 0) return fc.record({ kind: simple });
  const list = fc
    .array(jsonKind(depth - 1), { maxLength: 2 })
    .map((values) => ({ case: "listValue", value: { values } }));
  const struct = fc
    .dictionary(
      fc.string({ maxLength: 3 }).filter((key) => key !== "__proto__"),
      jsonKind(depth - 1),
      { maxKeys: 2 },
    )
    .map((fields) => ({ case: "structValue", value: { fields } }));
  return fc.record({ kind: fc.oneof(simple, simple, list, struct) });
}

/** Random schemas, each with a random init object. */
export const anyCase: fc.Arbitrary<Case> = anySchema.chain((schema) =>
  anyInit(schema.desc).map((init) => ({ schema, init })),
);

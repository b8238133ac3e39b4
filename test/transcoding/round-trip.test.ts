import {
  clone,
  create,
  type DescField,
  type DescMessage,
  equals,
  fromBinary,
  fromJson,
  isFieldSet,
  type MessageShape,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Binding, Route } from "../../src/transcoding/binding.ts";
import { compileRoute } from "../../src/transcoding/compile-route.ts";
import type { FieldPath } from "../../src/transcoding/field-path.ts";
import type { BodyContent } from "../../src/transcoding/place-body.ts";
import { queryField } from "../../src/transcoding/query-field.ts";
import { TranscodingError } from "../../src/transcoding/transcoding-error.ts";
import { type Everything, EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { anyEverything, anySendable, anyText } from "./support/any-everything.ts";
import { ruleMethod } from "./support/rule-method.ts";
import { readBack, type Transcoded, transcode } from "./support/transcode.ts";

const notDots = (text: string) => text !== "." && text !== "..";
const id = anyText.filter((text) => text !== "" && notDots(text));
const segment = id.filter((text) => !text.includes("/"));
const rest = fc
  .array(fc.oneof(segment, fc.constant("")), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("/"))
  .filter((value) => value !== "");

/** A pattern and the values that match it. `isRest` marks a pattern that a template can have only once. */
interface Pattern {
  readonly text: string;
  readonly values: fc.Arbitrary<string>;
  readonly isRest?: true;
}

const patterns: readonly Pattern[] = [
  { text: "", values: id },
  { text: "=*", values: id },
  { text: "=shelves/*", values: segment.map((value) => `shelves/${value}`) },
  { text: "=a%20b/*/c/*", values: fc.tuple(segment, segment).map(([x, y]) => `a b/${x}/c/${y}`) },
  { text: "=*/*", values: fc.tuple(segment, segment).map((parts) => parts.join("/")) },
  { text: "=**", values: rest, isRest: true },
  { text: "=files/**", values: rest.map((value) => `files/${value}`), isRest: true },
  { text: "=**/c/*", values: fc.tuple(rest, segment).map(([x, y]) => `${x}/c/${y}`), isRest: true },
];

const texts = [
  "string_value",
  "opt_string",
  "renamed",
  "inner.name",
  "inner.innermost.id",
  "self.string_value",
];
const others = [
  ["int32_value", "uint32_value", "sint32_value", "fixed32_value", "sfixed32_value"],
  ["int64_value", "uint64_value", "sint64_value", "fixed64_value", "sfixed64_value", "text_long"],
  ["double_value", "float_value", "bool_value", "enum_value", "self.enum_value"],
  ["opt_int32", "opt_bool", "opt_enum", "opt_double", "inner.item_count", "inner.innermost.size"],
  [
    "int64_wrapper",
    "bool_wrapper",
    "double_wrapper",
    "timestamp",
    "duration",
    "choice_int64",
    "choice_timestamp",
  ],
].flat();

/** A rule, and the text values for its variables. */
interface Case {
  readonly rule: string;
  readonly values: Readonly<Record<string, string>>;
}

const anyCase = (bodies: readonly string[]): fc.Arbitrary<Case> =>
  fc
    .record({
      texts: fc.uniqueArray(
        fc.record({ field: fc.constantFrom(...texts), pattern: fc.constantFrom(...patterns) }),
        { maxLength: 3, selector: ({ field }) => field },
      ),
      others: fc.uniqueArray(fc.constantFrom(...others), { maxLength: 2 }),
      literals: fc.array(fc.constantFrom("v1", "jobs", "a%2Fb", "x@y", "%20"), {
        minLength: 1,
        maxLength: 3,
      }),
      verb: fc.constantFrom("", ":run", ":a%20b"),
      body: fc.constantFrom(...bodies),
    })
    .chain(({ texts: chosen, others: rest, literals, verb, body }) => {
      const first = chosen.findIndex(({ pattern }) => pattern.isRest);
      const variables = chosen.filter(({ pattern }, i) => !pattern.isRest || i === first);
      const parts = [
        ...literals,
        ...rest.map((field) => `{${field}}`),
        ...variables.map(({ field, pattern }) => `{${field}${pattern.text}}`),
      ];
      const rule = `POST /${parts.join("/")}${verb}${body}`;
      const values = fc.record(
        Object.fromEntries(variables.map(({ field, pattern }) => [field, pattern.values])),
      );
      return values.map((texts) => ({ rule, values: texts }));
    });

/** Sets a text field, and creates the messages on its path. */
function put(message: Everything, path: string, value: string): void {
  let holder: ReflectMessage = reflect(EverythingSchema, message);
  const names = path.split(".");
  for (const [i, name] of names.entries()) {
    const field = holder.desc.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new Error(`no ${path}`);
    if (i === names.length - 1) {
      holder.set(field, value);
      return;
    }
    if (field.fieldKind !== "message") throw new Error(`no ${path}`);
    if (!holder.isSet(field)) holder.set(field, reflect(field.message));
    holder = holder.get(field);
  }
}

function namesOf(path: FieldPath): string {
  return path.map(({ name }) => name).join(".");
}

/** The message without what a query cannot carry: a message without set fields has no parameter. */
function expectedMessage({ requestBody, variables }: Binding, message: Everything): Everything {
  const copy = clone(EverythingSchema, message);
  const root = reflect(EverythingSchema, copy);
  // A path value creates the messages on its path.
  const kept = new Set(variables.flatMap(({ field }) => field.map((_, i) => namesOf(field.slice(0, i)))));
  if (requestBody.kind === "message") return copy;
  if (requestBody.kind === "field") {
    const { field } = requestBody;
    kept.add(field.name);
    // An unset field is sent as an empty message.
    if (field.fieldKind === "message" && !root.isSet(field)) root.set(field, reflect(field.message));
  }
  dropEmpty(root, kept, requestBody.kind === "field" ? requestBody.field : undefined);
  return copy;
}

function dropEmpty(
  message: ReflectMessage,
  kept: ReadonlySet<string>,
  except?: DescField,
  parent = "",
): void {
  for (const field of message.fields) {
    if (field === except || field.fieldKind !== "message" || !message.isSet(field)) continue;
    if (queryField(field).kind !== "message") continue;
    const child = message.get(field);
    const path = parent + field.name;
    dropEmpty(child, kept, undefined, `${path}.`);
    const isEmpty = child.fields.every((inner) => !child.isSet(inner));
    if (isEmpty && !kept.has(path)) message.clear(field);
    else message.set(field, child);
  }
}

/** The content after encoding and decoding it with one of the codecs. */
function encoded(content: BodyContent | undefined, encoding: "binary" | "json"): BodyContent | undefined {
  if (content?.kind !== "message") return content;
  const { kind, desc } = content;
  const message = content.message as MessageShape<DescMessage>;
  if (encoding === "json") return { kind, desc, message: fromJson(desc, toJson(desc, message)) };
  return { kind, desc, message: fromBinary(desc, toBinary(desc, message)) };
}

const encoding = fc.constantFrom("binary", "json") as fc.Arbitrary<"binary" | "json">;

function hex(message: Everything): string {
  return Buffer.from(toBinary(EverythingSchema, message)).toString("hex");
}

function expectRoundTrip(given: Case, message: Everything, how: "binary" | "json"): void {
  const route: Route = compileRoute(ruleMethod(given.rule, EverythingSchema));
  for (const [path, value] of Object.entries(given.values)) put(message, path, value);
  if (!route.bindings[0].variables.every(({ name }) => canFill(message, name))) return;
  const before = hex(message);

  const { request, content } = transcode(route, message);
  expect(request).toMatch(/^POST [A-Za-z0-9\-._~%/@:]*(?:\?[A-Za-z0-9\-._~%=&]*)?$/);
  const back = readBack(route, { request, content: encoded(content, how) }) as Everything;

  const expected = expectedMessage(route.bindings[0], message);
  expect(hex(back)).toBe(hex(expected));
  expect(hex(message)).toBe(before);
  sent++;
}

/** Whether a message can fill a path variable: a field with presence has to be set. */
function canFill(message: Everything, path: string): boolean {
  let holder: ReflectMessage = reflect(EverythingSchema, message);
  const names = path.split(".");
  for (const name of names.slice(0, -1)) {
    const field = holder.desc.fields.find((candidate) => candidate.name === name);
    if (field?.fieldKind !== "message" || !holder.isSet(field)) return false;
    holder = holder.get(field);
  }
  const field = holder.desc.fields.find(({ name }) => name === names.at(-1));
  if (field === undefined) return false;
  return field.presence === 2 || isFieldSet(holder.message as Everything, field);
}

let sent = 0;

describe("any valid message survives a round trip", () => {
  const runs = { numRuns: 400 };

  test("through path and query", () => {
    fc.assert(fc.property(anyCase([""]), anySendable, encoding, expectRoundTrip), runs);
  });

  test("through path and body", () => {
    fc.assert(fc.property(anyCase([" body:*"]), anyEverything, encoding, expectRoundTrip), runs);
  });

  test("through path, query and a body that is a field", () => {
    const fields = ["inner", "self", "string_list", "int64_list", "int32_wrapper", "field_mask", "opt_bytes"];
    const cases = anyCase(fields.map((field) => ` body:${field}`));
    fc.assert(fc.property(cases, anySendable, encoding, expectRoundTrip), runs);
  });

  test("and more than 400 messages were sent", () => {
    expect(sent).toBeGreaterThan(400);
  });
});

describe("a FieldMask survives a round trip through a query, or is invalid", () => {
  const path = fc.oneof(
    fc.stringMatching(/^[a-z]{1,3}(?:_?[a-z0-9]{1,3}){0,2}(?:\.[a-z_]{1,4}){0,2}$/),
    fc.stringMatching(/^[A-Za-z0-9_.]{0,6}$/),
    anyText,
  );
  const paths = fc.array(path, { maxLength: 3 });
  const readable = {
    // Without an underscore in any path, capital letters are read as camelCase.
    snake_case: (text: string) => text.includes("_") || !/[A-Z]/.test(text),
    camelCase: () => true,
  };

  test.each(["snake_case", "camelCase"] as const)("%s", (form) => {
    const route = compileRoute(ruleMethod("GET /v1", EverythingSchema), form);
    const seen = { sent: 0, invalid: 0 };
    fc.assert(
      fc.property(paths, (paths) => {
        const message = create(EverythingSchema, { fieldMask: { paths }, fieldMaskList: [{}, { paths }] });
        fc.pre(readable[form](paths.join(",")));
        let transcoded: Transcoded;
        try {
          transcoded = transcode(route, message);
        } catch (error) {
          expect(error).toBeInstanceOf(TranscodingError);
          seen.invalid++;
          return;
        }
        expect(equals(EverythingSchema, readBack(route, transcoded) as Everything, message)).toBe(true);
        seen.sent++;
      }),
      { numRuns: 500 },
    );
    expect(seen.sent).toBeGreaterThan(20);
    expect(seen.invalid).toBeGreaterThan(20);
  });
});

test("an invalid path value is never sent, whatever surrounds it", () => {
  const somewhere = (bad: fc.Arbitrary<string>, length: number) =>
    fc
      .tuple(fc.array(segment, { minLength: length, maxLength: length }), fc.nat(length - 1), bad)
      .map(([parts, at, text]) => parts.with(at, text).join("/"));
  const cases = fc.oneof(
    fc.record({
      rule: fc.constantFrom("{string_value=**}", "{string_value=*/**}/x", "{string_value=**/*}:y"),
      stringValue: somewhere(fc.constantFrom(".", ".."), 3),
    }),
    fc.record({
      rule: fc.constantFrom("{string_value=*/*/*}", "{string_value=*/*/*}/{renamed=**}"),
      stringValue: somewhere(fc.constantFrom("", ".", ".."), 3),
    }),
  );
  fc.assert(
    fc.property(anySendable, cases, (message, { rule, stringValue }) => {
      const route = compileRoute(ruleMethod(`GET /v1/${rule}`, EverythingSchema));
      message.stringValue = stringValue;
      expect(() => transcode(route, message)).toThrow("string_value");
    }),
  );
});

// Compares the compiled decoder of JSON with the decoder that uses JSON.parse: it decodes the same, or it gives up.
import { create, createFileRegistry, type DescMessage, type Message, toJsonString } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
} from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JsonCursor } from "../../src/codecs/compiled/json-cursor.ts";
import { compileJsonDecoder } from "../../src/codecs/compiled/json-decoder.ts";
import { tryCompiled } from "../../src/codecs/compiled/unsupported.ts";
import { messageFromJson } from "../../src/codecs/json-decoder.ts";
import { messageFromInit } from "../../src/codecs/message-from-init.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { anyCase } from "./support/any-schema.ts";

/** Decodes text with nothing but whitespace after the message; undefined if the compiled decoder gives up. */
function compiled(desc: DescMessage, json: string | Uint8Array): Message | undefined {
  const cursor = new JsonCursor(Buffer.from(json as string));
  const message = tryCompiled(compileJsonDecoder(desc), cursor);
  return cursor.isAtEnd() ? message : undefined;
}

function uncompiled(desc: DescMessage, json: string): Message | "error" {
  try {
    return messageFromJson(desc, json, {});
  } catch {
    return "error";
  }
}

const change = fc.record({
  at: fc.nat(),
  removed: fc.constantFrom(0, 1, 1, 2, 8),
  inserted: fc.oneof(
    fc.constantFrom(
      "",
      '"',
      "\\",
      "\\n",
      " ",
      "\n",
      ",",
      ":",
      "{",
      "}",
      "[",
      "]",
      "null",
      "0",
      "-",
      ".5",
      "e1",
    ),
    fc.constantFrom('"newer":{"a":[1,"b"]},', '"long_value":1,', '"name":"x",', "é", "\u0000", "true"),
  ),
});

test("it decodes messages of any type, also changed ones, like the other decoder, or gives up", () => {
  const seen = { decoded: 0, "given up": 0, invalid: 0 };
  fc.assert(
    fc.property(
      anyCase,
      fc.constantFrom(undefined, undefined, 1),
      fc.boolean(),
      fc.array(change, { maxLength: 2 }),
      ({ schema: { desc, registry }, init }, indent, useProtoFieldName, changes) => {
        const message = messageFromInit(desc, init) as Message;
        let json = toJsonString(desc, message as never, {
          registry,
          useProtoFieldName,
          prettySpaces: indent ?? 0,
        });
        for (const { at, removed, inserted } of changes) {
          const from = at % (json.length + 1);
          json = json.slice(0, from) + inserted + json.slice(from + removed);
        }
        if (!json.isWellFormed()) return;
        const expected = uncompiled(desc, json);
        const decoded = compiled(desc, json);
        if (decoded !== undefined) expect([json, decoded]).toStrictEqual([json, expected]);
        seen[decoded !== undefined ? "decoded" : expected === "error" ? "invalid" : "given up"]++;
      },
    ),
    { numRuns: 5_000 },
  );
  // It hardly ever gives up on JSON that is valid.
  expect(seen.decoded).toBeGreaterThan(10 * seen["given up"]);
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5);
});

const everything = (init: object) => create(EverythingSchema, init);

describe("it does not give up", () => {
  test.each([
    [
      "fields in another order",
      '{"stringValue":"a","boolValue":true}',
      { boolValue: true, stringValue: "a" },
    ],
    ["names of the .proto file", '{"string_value":"a"}', { stringValue: "a" }],
    [
      "spaces and lines",
      ' { "stringValue" :\r\n\t"a" , "boolValue" : true } \n',
      { boolValue: true, stringValue: "a" },
    ],
    [
      "unknown fields",
      '{"newer":{"a":[{"b":null},[]]},"stringValue":"a","new":-1.5e9}',
      { stringValue: "a" },
    ],
    [
      "escapes",
      '{"stringValue":"\\"\\\\\\n\\u00e9\\ud83d\\ude00 é"}',
      { stringValue: '"\\\n\u00e9\u{1f600} é' },
    ],
    ["null", '{"stringValue":null,"inner":null,"int64List":null}', {}],
    [
      "large integers",
      '{"int64Value":"9007199254740993","uint64Value":18446744073709551615}',
      { int64Value: 9007199254740993n, uint64Value: 18446744073709551615n },
    ],
    [
      "small integers in each form",
      '{"int64Value":"-5","uint64Value":5,"int32Value":"7"}',
      { int64Value: -5n, uint64Value: 5n, int32Value: 7 },
    ],
    ["a oneof", '{"choiceInt64":"1"}', { choice: { case: "choiceInt64", value: 1n } }],
    ["a list", '{"int64List":["1",2]}', { int64List: [1n, 2n] }],
    [
      "a message in itself",
      '{"self":{"self":{"stringValue":"a"}}}',
      { self: { self: { stringValue: "a" } } },
    ],
    [
      "a map of messages",
      '{"innerMap":{"1":{"innermost":{"size":"3"}}}}',
      { innerMap: { 1: { innermost: { size: 3n } } } },
    ],
  ])("%s", (_what, json, init) => {
    expect(compiled(EverythingSchema, json)).toStrictEqual(everything(init));
  });

  test("strings of any length around those that JSON.parse reads, with what may be at their ends", () => {
    for (const end of ["", "é", '\\"', "\\\\", '\\\\\\"', "\\u00e9", "\u{1f600}"]) {
      for (let length = 240; length < 270; length++) {
        const json = `{"stringValue":"${"a".repeat(length)}${end}","boolValue":true}`;
        expect(compiled(EverythingSchema, json)).toStrictEqual(messageFromJson(EverythingSchema, json, {}));
      }
    }
  });

  test("a type with more fields than a number has bits", () => {
    const file = create(FileDescriptorProtoSchema, {
      name: "wide.proto",
      syntax: "proto3",
      messageType: [
        {
          name: "Wide",
          field: Array.from({ length: 70 }, (_, i) => ({
            name: `f${i}`,
            jsonName: `f${i}`,
            number: i + 1,
            type: FieldDescriptorProto_Type.INT32,
            label: FieldDescriptorProto_Label.OPTIONAL,
          })),
        },
      ],
    });
    const desc = createFileRegistry(file, () => undefined).getMessage("Wide") as DescMessage;
    const init = Object.fromEntries(desc.fields.map(({ localName }, i) => [localName, i + 1]));
    const json = JSON.stringify(init);
    expect(compiled(desc, json)).toStrictEqual(create(desc, init));
    for (const repeated of ["f0", "f31", "f32", "f69"]) {
      expect(compiled(desc, `${json.slice(0, -1)},"${repeated}":1}`)).toBeUndefined();
      expect(() => messageFromJson(desc, `${json.slice(0, -1)},"${repeated}":1}`, {})).toThrow(repeated);
    }
  });
});

describe("it gives up", () => {
  test.each([
    ["text after the message", "{}{}"],
    ["a repeated key", '{"stringValue":"a","stringValue":"a"}'],
    ["both names of a field", '{"stringValue":"a","string_value":"a"}'],
    ["a key that is repeated with escapes", '{"stringValue":"a","string\\u0056alue":"a"}'],
    ["a repeated unknown key", '{"newer":1,"newer":1}'],
    ["a repeated key in an unknown field", '{"newer":[{"a":1,"a":1}]}'],
    ["an extension", '{"[example.extension]":1}'],
    ["two values of a oneof", '{"choiceInt64":"1","choiceString":"a"}'],
    ["an unknown name of an enum value", '{"enumValue":"NEWER"}'],
    ["half a surrogate pair", '{"stringValue":"\\ud800"}'],
    ["a control character", '{"stringValue":"a\tb"}'],
    ["a control character in a long string", `{"stringValue":"${"a".repeat(300)}\t"}`],
    ["a long string without an end", `{"stringValue":"${"a".repeat(300)}\\"}`],
    ["a negative unsigned integer", '{"uint64Value":"-1"}'],
    ["a space in a number", '{"int64Value":"1 "}'],
    ["two numbers", '{"int64Value":-1 0}'],
    ["a leading zero", '{"int32Value":01}'],
    ["a number that is too large", '{"doubleValue":1e999}'],
    ["a comma too much", '{"stringValue":"a",}'],
    ["unknown fields in a hundred arrays", `{"newer":${"[".repeat(101)}${"]".repeat(101)}}`],
    ["a byte order mark", "\uFEFF{}"],
    ["no object", "[]"],
    ["nothing", ""],
  ])("%s", (_what, json) => {
    expect(compiled(EverythingSchema, json)).toBeUndefined();
  });

  test("bytes that are not UTF-8", () => {
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0x5c, 0x6e, 0xff]]) {
      const json = Buffer.concat([Buffer.from('{"stringValue":"'), Buffer.from(bytes), Buffer.from('"}')]);
      expect(compiled(EverythingSchema, json)).toBeUndefined();
    }
  });

  test("every start of a text", () => {
    const json = '{"stringValue":"é\\n","int64Value":"12","int64List":[1.5e3,true],"newer":{"a":null}}';
    const bytes = Buffer.from(json);
    for (let length = 0; length < bytes.length; length++) {
      expect(compiled(EverythingSchema, bytes.subarray(0, length))).toBeUndefined();
    }
  });
});

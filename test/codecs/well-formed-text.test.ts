import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { expect, onTestFinished, test } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { decodeBinary, encodeBinary } from "../../src/codecs/binary-codec.ts";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { decodeJson, encodeJson } from "../../src/codecs/json-codec.ts";
import { Code, createClient, createRestTransport, RpcError } from "../../src/transport.ts";
import { EverythingSchema, InnerSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { PlainLeafSchema, PlainSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";

type Init = MessageInitShape<typeof EverythingSchema>;

const half = "half of \ud83d";
const replaced = "\ufffd";

const rows: readonly (readonly [field: string, init: (text: string) => Init])[] = [
  ["string_value", (text) => ({ stringValue: text })],
  ["opt_string", (text) => ({ optString: text })],
  ["string_list", (text) => ({ stringList: ["whole", text] })],
  ["inner.name", (text) => ({ inner: { name: text } })],
  ["inner_list.name", (text) => ({ innerList: [{}, { name: text }] })],
  ["self.self.string_value", (text) => ({ self: { self: { stringValue: text } } })],
  ["choice_string", (text) => ({ choice: { case: "choiceString", value: text } })],
  ["choice_inner.name", (text) => ({ choice: { case: "choiceInner", value: { name: text } } })],
  ["string_wrapper.value", (text) => ({ stringWrapper: text })],
  ["string_map", (text) => ({ stringMap: { [text]: "whole" } })],
  ["string_map", (text) => ({ stringMap: { whole: text } })],
  ["inner_map.name", (text) => ({ innerMap: { 7: { name: text } } })],
  ["struct.fields", (text) => ({ struct: { [text]: 1 } })],
  ["struct.fields.string_value", (text) => ({ struct: { key: text } })],
];

test.each(rows)("half of a character in %s is refused, in both encodings", (field, init) => {
  const message = create(EverythingSchema, init(half));
  const error = new CodecError(`${field} is not well-formed Unicode`);
  expect(() => encodeBinary(EverythingSchema, message)).toThrow(error);
  expect(() => encodeJson(EverythingSchema, message)).toThrow(error);
});

test.each(rows)("U+FFFD itself, and what looks like its trace, may stand in %s", (_field, init) => {
  for (const text of [replaced, "\\ud83d", "😀"]) {
    const message = create(EverythingSchema, init(text));
    expect(decodeBinary(EverythingSchema, encodeBinary(EverythingSchema, message))).toEqual(message);
    expect(decodeJson(EverythingSchema, encodeJson(EverythingSchema, message))).toEqual(message);
  }
});

test("bytes, and messages that are packed, may hold anything", () => {
  const any = anyPack(InnerSchema, create(InnerSchema, { name: replaced }));
  const message = create(EverythingSchema, { bytesValue: Buffer.from(replaced), any });
  expect(decodeBinary(EverythingSchema, encodeBinary(EverythingSchema, message)).any).toEqual(any);
});

test("types that are compiled refuse it like the others", () => {
  const plain = create(PlainSchema, { stringValue: half });
  expect(() => encodeBinary(PlainSchema, plain)).toThrow("string_value is not well-formed Unicode");
  expect(() => encodeJson(PlainSchema, plain)).toThrow("string_value is not well-formed Unicode");
  const leaf = create(PlainLeafSchema, { id: `${"x".repeat(5_000)}${half}` });
  expect(() => encodeBinary(PlainLeafSchema, leaf)).toThrow("id is not well-formed Unicode");
  expect(() => encodeJson(PlainLeafSchema, leaf)).toThrow("id is not well-formed Unicode");
});

test.each(["protobuf", "json"] as const)(
  "a call with it is refused, and nothing is sent, in %s",
  async (encoding) => {
    const server = await scriptedServer({ status: 500 });
    const transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
    onTestFinished(() => transport.close());
    const library = createClient(LibraryService, transport);
    const error = await caught(library.checkOutBook({ name: "shelves/1/books/2", reader: half }));
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({
      code: Code.InvalidArgument,
      outcome: "not_sent",
      reason: "reader is not well-formed Unicode",
    });
    // `body: "book"`: one field is the body.
    await expect(
      library.updateBook({ book: { name: "shelves/1/books/2", title: half } }),
    ).rejects.toMatchObject({
      code: Code.InvalidArgument,
      outcome: "not_sent",
      reason: expect.stringContaining("title is not well-formed Unicode"),
    });
    expect(server.seen).toEqual([]);
  },
);

import vm from "node:vm";
import { create, createRegistry, type MessageInitShape } from "@bufbuild/protobuf";
import {
  AnySchema,
  FileDescriptorProtoSchema,
  timestampFromDate,
  UninterpretedOption_NamePartSchema,
  UninterpretedOptionSchema,
} from "@bufbuild/protobuf/wkt";
import { createClient as createConnectClient } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import { type Book, BookSchema, LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { decodeBinary, encodeBinary } from "../../src/codecs/binary-codec.ts";
import { CodecError } from "../../src/codecs/codec-error.ts";
import { decodeJson, decodeJsonField, encodeJson } from "../../src/codecs/json-codec.ts";
import { messageFromInit } from "../../src/codecs/message-from-init.ts";
import { createRestTransport as createConnectTransport, rpcErrorOf } from "../../src/connect/index.ts";
import { startServer } from "../../src/testing/index.ts";
import { Code, createClient, createRestTransport } from "../../src/transport.ts";
import { EverythingSchema, InnerSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { PlainLeafSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";

type Init = MessageInitShape<typeof EverythingSchema>;

const TYPE = "bytenite.test.v1.Everything";

test.each<readonly [init: unknown, problem: string]>([
  [null, `the message has to be a ${TYPE}, not null`],
  [undefined, `the message has to be a ${TYPE}, not undefined`],
  ["a text", `the message has to be a ${TYPE}, not a string`],
  [5, `the message has to be a ${TYPE}, not a number`],
  [() => ({}), `the message has to be a ${TYPE}, not a function`],
  [[], `the message has to be a ${TYPE}, not an array`],
  [new Map([["inner", {}]]), `the message has to be a ${TYPE}, not a Map`],
  [new Date(0), `the message has to be a ${TYPE}, not a Date`],
  [new Error("x"), `the message has to be a ${TYPE}, not a Error`],
  [Promise.resolve({}), `the message has to be a ${TYPE}, not a Promise`],
  [new URLSearchParams("a=b"), `the message has to be a ${TYPE}, not a URLSearchParams`],
  [new Uint8Array(2), `the message has to be a ${TYPE}, not a Uint8Array`],
  [create(PlainLeafSchema), `the message has to be a ${TYPE}, not a bytenite.test.v1.PlainLeaf`],
  [{ stringvalue: "x" }, `stringvalue is not a field of ${TYPE}: did you mean "stringValue"?`],
  [{ string_value: "x" }, `string_value is not a field of ${TYPE}: did you mean "stringValue"?`],
  [{ otherName: "x" }, `otherName is not a field of ${TYPE}: did you mean "renamed"?`],
  [{ inner: { nmae: "x" } }, 'inner.nmae is not a field of bytenite.test.v1.Inner: did you mean "name"?'],
  [{ inner: { nam: "x" } }, 'inner.nam is not a field of bytenite.test.v1.Inner: did you mean "name"?'],
  [
    { inner: { size: 1 } },
    "inner.size is not a field of bytenite.test.v1.Inner; it has name, itemCount, note, tags, innermost",
  ],
  [{ self: { self: { nope: 1 } } }, `self.self.nope is not a field of ${TYPE}`],
  [{ innerList: [{}, { nmae: "x" }] }, "inner_list[1].nmae is not a field of"],
  [{ innerMap: { 7: { nmae: "x" } } }, 'inner_map["7"].nmae is not a field of'],
  [{ choice: { case: "choiceInner", value: { nmae: "x" } } }, "choice_inner.nmae is not a field of"],
  [
    { choiceString: "x" },
    'choiceString is not a field of bytenite.test.v1.Everything: it is a case of a oneof; write { choice: { case: "choiceString", value: … } }',
  ],
  [{ choice: { case: "choiceStrng", value: "x" } }, 'choice has no case "choiceStrng"; it has choiceString,'],
  [{ choice: { choiceString: "x" } }, "choice.choiceString is neither case nor value"],
  [{ choice: { value: "x" } }, "choice has a value without a case"],
  [{ choice: "choiceString" }, "choice has to be an object with case and value, not a string"],
  [
    { timestamp: new Date(1.7e12) },
    "timestamp has to be a google.protobuf.Timestamp, not a Date: use timestampFromDate()",
  ],
  [
    { timestampList: [{}, new Date(0)] },
    "timestamp_list[1] has to be a google.protobuf.Timestamp, not a Date",
  ],
  [
    { choice: { case: "choiceTimestamp", value: new Date(0) } },
    "choice_timestamp has to be a google.protobuf.Timestamp",
  ],
  [
    { ...create(EverythingSchema), timestamp: new Date(0) },
    "timestamp has to be a google.protobuf.Timestamp, not a Date: use",
  ],
  [{ bytesValue: [1, 300] }, "bytes_value[1] has to be a byte, from 0 to 255"],
  [{ bytesList: [[1], [-1]] }, "bytes_list[1][0] has to be a byte, from 0 to 255"],
  [{ bytesWrapper: ["x"] }, "bytes_wrapper[0] has to be a byte"],
  // The own properties of a changed or spread message count, too.
  [{ ...create(EverythingSchema), stringvalue: "x" }, "stringvalue is not a field of"],
  [Object.assign(create(InnerSchema), { nmae: "x" }), "not a bytenite.test.v1.Inner"],
  [
    create(EverythingSchema, {
      inner: Object.assign(create(InnerSchema), { nmae: 1 }) as never,
    }),
    "inner.nmae is not a field of",
  ],
  [class {}, `the message has to be a ${TYPE}, not a function`],
  [new (class Request {})(), `the message has to be a ${TYPE}, not a Request`],
  [new (class {})(), `the message has to be a ${TYPE}, not an object without a property of its own`],
  [
    Object.create({ stringValue: "x" }),
    `the message has to be a ${TYPE}, not an object without a property of its own`,
  ],
])("%o is an error: %s", (init, problem) => {
  const make = () => messageFromInit(EverythingSchema, init as Init);
  expect(make).toThrow(CodecError);
  expect(make).toThrow(problem);
});

test.each<readonly [init: unknown, problem: string]>([
  [{ stringMap: new Headers({ a: "b" }) }, "string_map has to be an object, not a Headers"],
  [{ stringMap: new URLSearchParams("a=b") }, "string_map has to be an object, not a URLSearchParams"],
  [{ struct: new FormData() }, "struct has to be an object, not a FormData"],
  [{ struct: { link: new URL("http://a/") } }, "struct.link has to be a JSON value, not a URL"],
])("%o has no content and is an error in both encodings: %s", (init, problem) => {
  const message = messageFromInit(EverythingSchema, init as Init);
  expect(() => encodeJson(EverythingSchema, message)).toThrow(problem);
  expect(() => encodeBinary(EverythingSchema, message)).toThrow(problem);
});

test("an empty object of another realm is taken, also within a message", () => {
  const init = vm.runInNewContext("({ inner: {}, stringMap: {}, struct: {} })") as Init;
  expect(messageFromInit(EverythingSchema, init).inner).toEqual(create(InnerSchema));
  expect(messageFromInit(InnerSchema, vm.runInNewContext("({})") as object)).toEqual(create(InnerSchema));
});

test("only own properties count, not inherited ones", () => {
  const inherits = Object.assign(Object.create({ stringValue: "inherited", boolValue: true }), {
    int32Value: 5,
  });
  expect(messageFromInit(EverythingSchema, inherits)).toEqual(create(EverythingSchema, { int32Value: 5 }));
});

test("objects of another realm, frozen ones, ones without a prototype, and instances of a class are valid", () => {
  const expected = create(EverythingSchema, {
    inner: { name: "x" },
    bytesValue: Uint8Array.of(1, 2),
    stringList: ["a"],
    stringMap: { a: "b" },
    struct: { a: [1] },
    choice: { case: "choiceInner", value: { name: "y" } },
  });
  const source = `({ inner: { name: "x" }, bytesValue: Uint8Array.of(1, 2), stringList: ["a"], stringMap: { a: "b" },
    struct: { a: [1] }, choice: { case: "choiceInner", value: { name: "y" } } })`;
  const foreign = vm.runInNewContext(source) as Init;
  const own = vm.runInThisContext(source) as Init;
  class Request {
    constructor() {
      Object.assign(this, own);
    }
    get [Symbol.toStringTag]() {
      return "Request";
    }
  }
  const frozen = Object.freeze({ ...(own as object), inner: Object.freeze({ name: "x" }) });
  for (const init of [foreign, own, new Request(), frozen, Object.assign(Object.create(null), own)]) {
    const message = messageFromInit(EverythingSchema, init as Init);
    expect(decodeJson(EverythingSchema, encodeJson(EverythingSchema, message))).toEqual(expected);
  }
  // A Date of another realm is a Date, too.
  const date = vm.runInNewContext("({ timestamp: new Date(0) })") as Init;
  expect(() => messageFromInit(EverythingSchema, date)).toThrow("not a Date");
});

test("timestampFromDate converts a Date", () => {
  const at = new Date(1.7e12);
  expect(messageFromInit(EverythingSchema, { timestamp: timestampFromDate(at) }).timestamp?.seconds).toBe(
    1_700_000_000n,
  );
});

test("an unset field may be null or undefined", () => {
  const init = {
    stringValue: null,
    inner: undefined,
    choice: { case: undefined },
    stringList: null,
  } as never;
  expect(messageFromInit(EverythingSchema, init)).toEqual(create(EverythingSchema));
});

test("a handler of the embedded server that does not return a message is an error", async () => {
  await using server = await startServer(LibraryService, {
    getBook: () => ({ name: "shelves/1/books/2", titel: "x" }) as never,
  });
  await using transport = createRestTransport({ baseUrl: server.baseUrl });
  const error = await caught(createClient(LibraryService, transport).getBook({ name: "shelves/1/books/2" }));
  expect(error).toMatchObject({ code: Code.Unknown, status: 500 });
  expect(String(server.requests.at(-1)?.thrown)).toContain(
    'titel is not a field of library.v1.Book: did you mean "title"?',
  );
});

test("an interceptor that does not pass on a message is InvalidArgument, and nothing is sent", async () => {
  const server = await scriptedServer({ status: 500 });
  await using transport = createRestTransport({
    baseUrl: server.baseUrl,
    interceptors: [(next) => (request) => next({ ...request, message: { nmae: "x" } as never })],
  });
  const error = await caught(createClient(LibraryService, transport).getBook({ name: "shelves/1/books/2" }));
  expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
  expect(error.reason).toContain('nmae is not a field of library.v1.GetBookRequest: did you mean "name"?');
  expect(server.seen).toEqual([]);
});

test("clients of Connect have the same validation", async () => {
  const server = await scriptedServer({ status: 500 });
  const transport = createConnectTransport({ baseUrl: server.baseUrl });
  onTestFinished(() => transport.close());
  const client = createConnectClient(LibraryService, transport);
  const book = { name: "shelves/1/books/2", published: new Date(0) } as unknown as Book;
  const error = rpcErrorOf(await client.updateBook({ book }).catch((thrown: unknown) => thrown));
  expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
  expect(error?.reason).toContain("book.published has to be a google.protobuf.Timestamp, not a Date");
  expect(server.seen).toEqual([]);
});

test("a message is not copied", () => {
  const book = create(BookSchema, { name: "a" });
  expect(messageFromInit(BookSchema, book)).toBe(book);
});

test("a response without a required field is an error, in both encodings", () => {
  expect(() => decodeBinary(UninterpretedOption_NamePartSchema, Buffer.from("0a0161", "hex"))).toThrow(
    "is_extension is required, and not set",
  );
  // At any depth, here in a list of an option.
  expect(() => decodeBinary(UninterpretedOptionSchema, Buffer.from("12030a0161", "hex"))).toThrow(
    "is required",
  );
  const json = Buffer.from('{"name":[{"namePart":"a"}]}');
  expect(() => decodeJson(UninterpretedOptionSchema, json)).toThrow("is_extension is required, and not set");
  // In what a `response_body` names, and in an Any, too.
  expect(() =>
    decodeJsonField(UninterpretedOptionSchema.field.name, Buffer.from('[{"namePart":"a"}]')),
  ).toThrow("is_extension is required, and not set");
  const any = Buffer.from(`{"@type":"x/${UninterpretedOptionSchema.typeName}","name":[{"namePart":"a"}]}`);
  const decodeAny = () => decodeJson(AnySchema, any, createRegistry(UninterpretedOptionSchema));
  expect(decodeAny).toThrow(CodecError);
  expect(decodeAny).toThrow("is_extension to binary: required field not set");
  const whole = Buffer.from("12050a01611001", "hex");
  expect(decodeBinary(UninterpretedOptionSchema, whole).name).toMatchObject([
    { namePart: "a", isExtension: true },
  ]);
});

test("a proto2 string that is not UTF-8 is an error, because JavaScript cannot represent it", () => {
  expect(() => decodeBinary(FileDescriptorProtoSchema, Buffer.from("0a02c328", "hex"))).toThrow(
    "is not UTF-8",
  );
});

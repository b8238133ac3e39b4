import { expect, test } from "vitest";
import { messageSplitter } from "../../src/streams/message-splitter.ts";
import { cut, split } from "./support/split.ts";

const whole = (body: string | Uint8Array, max?: number) =>
  split([Buffer.from(body)], "application/json", max);

test.each<[string, string, string[]]>([
  ["a line each", '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
  ["no newline at the end", '{"a":1}\n{"b":2}', ['{"a":1}', '{"b":2}']],
  ["CRLF and blank lines", '\r\n{"a":1}\r\n\r\n\n{"b":2}\r\n', ['{"a":1}', '{"b":2}']],
  ["nothing between them", '{"a":1}{"b":2}"c""d"[1]{}', ['{"a":1}', '{"b":2}', '"c"', '"d"', "[1]", "{}"]],
  ["several lines each", '{\n  "a": [\n    1\n  ]\n}\n{\n}\n', ['{\n  "a": [\n    1\n  ]\n}', "{\n}"]],
  ["a byte order mark", '\uFEFF{"a":1}', ['{"a":1}']],
  ["record separators", "\x1e[1]\n\x1e\x1e{}\n\x1e2\n", ["[1]", "{}", "2"]],
  ["a list after another message", "{} [1]", ["{}", "[1]"]],
  ["brackets and quotes in strings", '{"]}\\"{":"\\\\"}{}', ['{"]}\\"{":"\\\\"}', "{}"]],
  [
    "numbers and literal names",
    '1 -2.5e+3\ntrue null{"a":1}4"b"5 ',
    ["1", "-2.5e+3", "true", "null", '{"a":1}', "4", '"b"', "5"],
  ],
  ["an array", '[{"a":1},\n{"b":2}\n]\n', ['{"a":1}', '{"b":2}']],
  ["an array of anything", ' \n[1,"]",[2] , null]', ["1", '"]"', "[2]", "null"]],
  ["an empty array", "[ ]", []],
  ["nothing", "", []],
  ["nothing but whitespace", " \r\n", []],
  ["invalid JSON, which the parser finds", '{"a":1]{é}nope ', ['{"a":1]', "{é}", "nope"]],
])("messages: %s", (_, body, messages) => {
  expect(whole(body)).toEqual({ messages, end: "clean" });
});

test.each<[string, string | number[], string[]]>([
  ["a page of HTML", "<html>", []],
  ["text after a message", '{"a":1}\nInternal Server Error', ['{"a":1}']],
  ["a comma between texts", "{},{}", ["{}"]],
  ["a closing brace", "}", []],
  ["a missing comma in an array", "[{} {}]", ["{}"]],
  ["a missing element", "[{},,{}]", ["{}"]],
  ["a comma before the first element", "[,{}]", []],
  ["a comma before the end of the array", "[{},]", ["{}"]],
  ["a message after the array", "[{}]{}", ["{}"]],
  ["a second array", "[{}][{}]", ["{}"]],
  ["a separator in an array", "[\x1e{}]", []],
  ["server-sent events", "data: {}\n\n", []],
  ["half a byte order mark", [0xef, 0xbb, 0x7b, 0x7d], []],
  ["a second byte order mark", "\uFEFF\uFEFF{}", []],
  ["a byte that is not UTF-8", [0x22, 0xff, 0x22], []],
  ["half a character", [0x7b, 0x7d, 0x22, 0xc3, 0x22], ["{}"]],
  ["a surrogate in UTF-8", [0x22, 0xed, 0xa0, 0x80, 0x22], []],
  ["Latin-1 after a backslash", [0x22, 0x5c, 0xe9, 0x22], []],
])("not a stream: %s", (_, body, messages) => {
  expect(whole(Buffer.from(body as string))).toEqual({ messages, end: "format" });
});

test.each<[string, string | number[], string[]]>([
  ["in an object", '{"a":1}\n{"b":', ['{"a":1}']],
  ["in a string", '"a\\"', []],
  ["in an escape", '"a\\', []],
  ["in a number, or after it", "1\n2", ["1"]],
  ["in a literal name", "tru", []],
  ["in an array, after an element", "[{}\n", ["{}"]],
  ["in an array, after a comma", "[{},", ["{}"]],
  ["in an array, before an element", "[", []],
  ["in a byte order mark", [0xef, 0xbb], []],
])("truncated: %s", (_, body, messages) => {
  expect(whole(Buffer.from(body as string))).toEqual({ messages, end: "truncated" });
});

test("the limit is for each message, without what separates messages", () => {
  const body = `${" ".repeat(50)}{"a":"1234"}\n\n\n{"b":"1234"}${"\n".repeat(50)}`;
  for (const lengths of [[1], [7], [1_000]]) {
    expect(split(cut(Buffer.from(body), lengths), undefined, 12).end).toBe("clean");
    expect(split(cut(Buffer.from(body), lengths), undefined, 11)).toEqual({ messages: [], end: "too_large" });
  }
  expect(split(cut(Buffer.from("123456789 "), [4]), undefined, 8).end).toBe("too_large");
});

test("a message that is too long is an error before it has ended", () => {
  const splitter = messageSplitter(undefined, 10);
  splitter.push(Buffer.from('"123456789'));
  expect(splitter.next()).toBeUndefined();
  splitter.push(Buffer.from("0"));
  expect(() => splitter.next()).toThrow("a message of the stream is longer than 10 bytes");
});

test("a long message may come in many chunks, and short ones after it", () => {
  const long = `{"text":"${"é😀".repeat(50_000)}"}`;
  const body = Buffer.from(`${long}\n{"a":1}\n${long}{}`);
  expect(split(cut(body, [1, 300, 7]))).toEqual({ messages: [long, '{"a":1}', long, "{}"], end: "clean" });
});

test("deep nesting is left to the parser", () => {
  const deep = "[".repeat(100_000);
  const body = Buffer.from(`\x1e${deep}${"]".repeat(100_000)}{}`);
  const { messages, end } = split(cut(body, [1_000]));
  expect(messages.map(({ length }) => length)).toEqual([200_000, 2]);
  expect(end).toBe("clean");
});

test("errors say what is wrong and where", () => {
  const splitter = messageSplitter(undefined, 10);
  splitter.push(Buffer.from("<html>"));
  expect(() => splitter.next()).toThrow("the stream has the byte 0x3c where a message should begin");
  const inArray = messageSplitter(undefined, 10);
  inArray.push(Buffer.from("[{}{}"));
  expect(inArray.next()).toBe("{}");
  expect(() => inArray.next()).toThrow("the stream has the byte 0x7b after a message of the array");
  const cutOff = messageSplitter(undefined, 10);
  cutOff.push(Buffer.from("[{}"));
  expect(cutOff.next()).toBe("{}");
  expect(cutOff.next()).toBeUndefined();
  expect(() => cutOff.end()).toThrow("the stream ended within the array of messages");
});

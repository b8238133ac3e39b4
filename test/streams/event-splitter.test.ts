import { expect, test } from "vitest";
import { cut, split } from "./support/split.ts";

const TYPE = "text/event-stream";

const whole = (body: string | Uint8Array, max?: number) => split([Buffer.from(body)], TYPE, max);

test.each<[string, string, string[]]>([
  ["one line each", 'data: {"a":1}\n\ndata: {"b":2}\n\n', ['{"a":1}', '{"b":2}']],
  ["without the space", "data:{}\n\n", ["{}"]],
  ["only one space belongs to the field", "data:  {}\n\n", [" {}"]],
  ["CRLF", "data: {}\r\n\r\ndata: 1\r\n\r\n", ["{}", "1"]],
  ["CR", "data: {}\r\rdata: 1\r\r", ["{}", "1"]],
  ["a mixture of line ends", "data: {\r\ndata: }\n\rdata: 1\r\r\n", ["{\n}", "1"]],
  ["a byte order mark", "\uFEFFdata: {}\n\n", ["{}"]],
  ["several lines of data", 'data: {\ndata:   "a": 1\ndata: }\n\n', ['{\n  "a": 1\n}']],
  ["an empty line of data", "data: {\ndata\ndata:\ndata: }\n\n", ["{\n\n\n}"]],
  ["comments", ": keep-alive\n\ndata: {\n:data: 1\ndata: }\n\n:\n", ["{\n}"]],
  ["other fields", "id: 1\nevent: error\ndata: {}\nretry: 5\n\n", ["{}"]],
  ["fields that begin as data does", "dat: 1\ndata2: 1\nDATA: 1\n data: 1\ndata : 1\ndata: {}\n\n", ["{}"]],
  ["events without data", "id: 1\n\nevent: close\n\ndata\n\ndata:\n\ndata: \n\n\n\ndata: {}\n\n", ["{}"]],
  ["nothing", "", []],
  ["only comments", ": a\n\n: b\n", []],
  // grpc-gateway before 2.9
  ["no blank line after an error", 'data: {}\n\ndata: {"error":{}}', ["{}", '{"error":{}}']],
  ["no blank line after the last event", "data: {}\n", ["{}"]],
  ["no blank line after other fields", "data: [1]\nid: 7\nev", ["[1]"]],
  [
    "lines of JSON by themselves",
    'data: {}\n\n{"error":{}}\n{"a":1}\r\n\r\n{"b":2}',
    ["{}", '{"error":{}}', '{"a":1}', '{"b":2}'],
  ],
  ["a line of JSON after a field", "event: error\n{}\ndata: 1\n\n", ["{}", "1"]],
])("messages: %s", (_, body, messages) => {
  expect(whole(body)).toEqual({ messages, end: "clean" });
});

test.each<[string, string | number[], string[]]>([
  ["in the data", 'data: {}\n\ndata: {"a":', ["{}"]],
  ["in the data, at a line end", "data: {\n", []],
  ["in a number, or after it", "data: 1\n", []],
  ["in a character", [...Buffer.from('data: {"a":"'), 0xc3], []],
  ["in the name of a field", "data: {}\n\ndat", ["{}"]],
  ["before the data", "data: {}\n\ndata: ", ["{}"]],
  ["after a colon", "data:", []],
  ["after other fields", "data: {}\n\nid: 7\n", ["{}"]],
  ["in a comment", "data: {}\n\n: keep", ["{}"]],
  ["in a line of JSON", 'data: {}\n\n{"error":', ["{}"]],
  ["in a byte order mark", [0xef], []],
])("truncated: %s", (_, body, messages) => {
  expect(whole(Buffer.from(body as string))).toEqual({ messages, end: "truncated" });
});

test.each<[string, string | number[], string[]]>([
  ["a line of JSON in an event", "data: {}\n{}\n\n", []],
  ["data that is not UTF-8", [...Buffer.from('data: "'), 0xff, ...Buffer.from('"\n\n')], []],
])("not a stream: %s", (_, body, messages) => {
  expect(whole(Buffer.from(body as string))).toEqual({ messages, end: "format" });
});

test("the limit is for the data of each event", () => {
  const body = Buffer.from(
    `:${"x".repeat(50)}\nid: ${"7".repeat(50)}\ndata: {"a":\ndata: 123}\n\ndata: {"a":12345}\n\n`,
  );
  for (const lengths of [[1], [7], [1_000]]) {
    expect(split(cut(body, lengths), TYPE, 11).end).toBe("clean");
    expect(split(cut(body, lengths), TYPE, 9)).toEqual({ messages: [], end: "too_large" });
  }
  expect(split(cut(Buffer.from("data: 12345"), [4]), TYPE, 4).end).toBe("too_large");
});

test("the content type decides between events and JSON", () => {
  const body = [Buffer.from("data: {}\n\n")];
  expect(split(body, " Text/Event-Stream ;charset=utf-8").messages).toEqual(["{}"]);
  for (const type of [undefined, "application/json", "text/plain", "x/text-event-stream"]) {
    expect(split(body, type).end).toBe("format");
  }
});

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type PathTemplate,
  parsePathTemplate,
  type Segment,
  type TemplateVariable,
} from "../../src/transcoding/path-template.ts";
import { thrownBy } from "./support/thrown-by.ts";

/** A template without its columns: literals as their text. */
function structure({ parts, verb }: PathTemplate) {
  const segment = (part: Segment) => (part.kind === "literal" ? part.text : { wild: part.kind });
  const shown = parts.map((part) =>
    part.kind === "variable" ? { [part.name]: part.segments.map(segment) } : segment(part),
  );
  return verb === undefined ? shown : [...shown, { verb }];
}

const any = { wild: "*" };
const rest = { wild: "**" };

const templates: readonly (readonly [string, readonly unknown[]])[] = [
  // http.proto
  ["/v1/messages/{message_id}", ["v1", "messages", { message_id: [any] }]],
  ["/v1/{name=messages/*}", ["v1", { name: ["messages", any] }]],
  ["/v1/{message_id}/{sub.subfield}", ["v1", { message_id: [any] }, { "sub.subfield": [any] }]],
  ["/v1/{var=*}", ["v1", { var: [any] }]],
  ["/v1/{var=**}", ["v1", { var: [rest] }]],
  [
    "/v1/users/{user_id}/messages/{message_id}",
    ["v1", "users", { user_id: [any] }, "messages", { message_id: [any] }],
  ],
  // grpc-gateway
  ["/v1", ["v1"]],
  ["/v1/b", ["v1", "b"]],
  ["/v1/endpoint/*", ["v1", "endpoint", any]],
  ["/v1/endpoint/**", ["v1", "endpoint", rest]],
  ["/v1/b/{bucket_name=buckets/*}/o", ["v1", "b", { bucket_name: ["buckets", any] }, "o"]],
  [
    "/v1/b/{bucket_name=buckets/*}/o/{name}",
    ["v1", "b", { bucket_name: ["buckets", any] }, "o", { name: [any] }],
  ],
  ["/v1/a=b&c=d;e=f/endpoint.rdf", ["v1", "a=b&c=d;e=f", "endpoint.rdf"]],
  ["/v1/a/{endpoint}:a", ["v1", "a", { endpoint: [any] }, { verb: "a" }]],
  ["/v1/a/{endpoint}:b:c", ["v1", "a", { endpoint: [any] }, { verb: "b:c" }]],
  ["/-._~!$&'()+,;=@", ["-._~!$&'()+,;=@"]],
  ["/%e7%ac%ac%e4%b8%80%e7%89%88", ["第一版"]],
  ["/{field.nested.nested2=*}", [{ "field.nested.nested2": [any] }]],
  [
    "/v1/{name.nested.nested2=a/b/*}/o/{another_name=a/b/*/c}/**",
    ["v1", { "name.nested.nested2": ["a", "b", any] }, "o", { another_name: ["a", "b", any, "c"] }, rest],
  ],
  // vanguard
  ["/{_}", [{ _: [any] }]],
  ["/foo/bar:baz%20xyz%41cde", ["foo", "bar", { verb: "baz%20xyz%41cde" }]],
  ["/{hello}/world", [{ hello: [any] }, "world"]],
  ["/v1/{book.Name=shelves/*/books/*}", ["v1", { "book.Name": ["shelves", any, "books", any] }]],
  ["/v1:watch", ["v1", { verb: "watch" }]],
  ["/v3/events:clear", ["v3", "events", { verb: "clear" }]],
  ["/v3/{Name=events/*}:cancel", ["v3", { Name: ["events", any] }, { verb: "cancel" }]],
  ["/foo/bar/*/{thing.id}/{cat=**}", ["foo", "bar", any, { "thing.id": [any] }, { cat: [rest] }]],
  [
    "/foo/bar/*/{thing.id}/{cat=**}:do",
    ["foo", "bar", any, { "thing.id": [any] }, { cat: [rest] }, { verb: "do" }],
  ],
  [
    "/foo%2Fbar/%2A/%2A%2a/{starstar=%2A%2a/**}:%2c",
    ["foo/bar", "*", "**", { starstar: ["**", rest] }, { verb: "%2c" }],
  ],
  ["/trailing/**:slash", ["trailing", rest, { verb: "slash" }]],
  ["/my%2fcool-blog~about%2Cstuff%5Bwat%5D", ["my/cool-blog~about,stuff[wat]"]],
  // api-core
  ["/v1/*/{name=parent/**}", ["v1", any, { name: ["parent", rest] }]],
  ["/v1/{name}/**", ["v1", { name: [any] }, rest]],
];

test.each(templates)("parses %s", (text, expected) => {
  expect(structure(parsePathTemplate(text))).toEqual(expected);
});

const errors: readonly (readonly [string, string])[] = [
  ["", 'column 1: expected "/", got the end'],
  ["v1/a", 'column 1: expected "/", got "v"'],
  ["{name}", 'column 1: expected "/", got "{"'],
  ["/", "column 2: expected a segment, got the end"],
  ["//v1", 'column 2: expected a segment, got "/"'],
  ["/v1//a", 'column 5: expected a segment, got "/"'],
  ["/foo/bar/", "column 10: expected a segment, got the end"],
  ["/v1/jobs/{id", 'column 13: expected "}", got the end'],
  ["/{name=", "column 8: expected a segment, got the end"],
  ["/{name=*", 'column 9: expected "}", got the end'],
  ["/{name=}", 'column 8: expected a segment, got "}"'],
  ["/{name=/a}", 'column 8: expected a segment, got "/"'],
  ["/{name=a/}", 'column 10: expected a segment, got "}"'],
  ["/{}", 'column 3: expected a field name, got "}"'],
  ["/{=*}", 'column 3: expected a field name, got "="'],
  ["/{1}", 'column 3: expected a field name, got "1"'],
  ["/{-}", 'column 3: expected a field name, got "-"'],
  ["/{name.}", 'column 8: expected a field name, got "}"'],
  ["/{name..nested}", 'column 8: expected a field name, got "."'],
  ["/{field.1}", 'column 9: expected a field name, got "1"'],
  ["/{field-}", 'column 8: expected "}", got "-"'],
  ["/{field-name}", 'column 8: expected "}", got "-"'],
  ["/{ name}", 'column 3: expected a field name, got " "'],
  ["/{name**}", 'column 7: expected "}", got "*"'],
  ["/foo/{bar/baz}/buzz", 'column 10: expected "}", got "/"'],
  ["/v1/{name}id", 'column 11: unexpected "i"'],
  ["/v1/id{name}", 'column 7: unexpected "{"'],
  ["/v1/{a}{b}", 'column 8: unexpected "{"'],
  ["/v1/a}", 'column 6: unexpected "}"'],
  ["/foo/bar/baz?abc=def", 'column 13: unexpected "?", which has to be percent-encoded'],
  ["/foo/bar/baz buzz", 'column 13: unexpected " ", which has to be percent-encoded'],
  ["/v1/#", 'column 5: unexpected "#", which has to be percent-encoded'],
  ["/v1/é", 'column 5: unexpected "é", which has to be percent-encoded'],
  ["/v1/😀", 'column 5: unexpected "😀", which has to be percent-encoded'],
  ["/v1/{name=a?b}", 'column 12: unexpected "?", which has to be percent-encoded'],
  ["/v1/./jobs", 'column 5: "." cannot be a segment: URL normalization would remove it'],
  ["/v1/../jobs", 'column 5: ".." cannot be a segment: URL normalization would remove it'],
  ["/v1/%2e%2E", 'column 5: "%2e%2E" cannot be a segment: URL normalization would remove it'],
  ["/v1/{name=a/../b}", 'column 13: ".." cannot be a segment: URL normalization would remove it'],
  ["/foo/bar*", 'column 9: unexpected "*"'],
  ["/foo/*bar", 'column 7: unexpected "b"'],
  ["/foo/bar/***", 'column 12: unexpected "*"'],
  ["/foo/bar:baz/buzz", 'column 13: unexpected "/"'],
  ["/foo:bar/{name}", 'column 9: unexpected "/"'],
  ["/foo:", "column 6: expected a verb, got the end"],
  ["/foo:*", 'column 6: expected a verb, got "*"'],
  ["/foo:{verb}", 'column 6: expected a verb, got "{"'],
  ["/:verb", 'column 2: expected a segment, got ":"'],
  ["/{name=a:b}", 'column 9: expected "}", got ":"'],
  ["/%", 'column 2: "%" is not a valid escape'],
  ["/a%2", 'column 3: "%2" is not a valid escape'],
  ["/a%2z", 'column 3: "%2z" is not a valid escape'],
  ["/foo/bar%55:baz%1", 'column 16: "%1" is not a valid escape'],
  ["/a%ff", 'column 3: "%ff" is not UTF-8'],
  ["/foo/**/bar/**", 'column 13: "**" is used twice'],
  ["/v1/{field=a/**/b/**}", 'column 19: "**" is used twice'],
  ["/v1/{field=**}/{name=**}:run", 'column 22: "**" is used twice'],
  ["/{a}/{a}", "column 7: {a} is used twice"],
  ["/{a.b}/{c}/{a.b=x/*}", "column 13: {a.b} is used twice"],
  ["/foo/{book_id={author}/{isbn}/*}", "column 15: a variable cannot be inside a variable"],
  ["/{name=a%2Fb/*}", 'column 8: no value can match "a%2Fb"'],
];

test.each(errors)("%s is invalid", (text, message) => {
  expect(thrownBy(() => parsePathTemplate(text))).toHaveProperty("message", message);
});

test("a template has columns, and is frozen", () => {
  const template = parsePathTemplate("/v1/{a.b=x/*}/*:go");
  expect(template).toEqual({
    text: "/v1/{a.b=x/*}/*:go",
    parts: [
      { kind: "literal", raw: "v1", text: "v1", column: 2 },
      {
        kind: "variable",
        name: "a.b",
        column: 6,
        segments: [
          { kind: "literal", raw: "x", text: "x", column: 10 },
          { kind: "*", column: 12 },
        ],
      },
      { kind: "*", column: 15 },
    ],
    verb: "go",
  });
  for (const object of [template, template.parts, ...template.parts])
    expect(Object.isFrozen(object)).toBe(true);
});

describe("any template", () => {
  const character = fc.constantFrom(..."abcXYZ019-._~!$&'()+,;=@", "%20", "%C3%A9", "%2A");
  const literal = fc
    .array(character, { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join(""))
    .filter((text) => text !== "." && text !== "..");
  const segment = fc.oneof(literal, fc.constant("*"));
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,5}(?:\.[a-z_][a-z0-9_]{0,5}){0,2}$/);
  const segments = fc.array(segment, { minLength: 1, maxLength: 4 });
  const variable = fc.record({ name, segments: fc.option(segments, { nil: undefined }) });
  const part = fc.oneof(segment, variable);

  test("prints as it was parsed", () => {
    const byName = (value: string | { name: string }) => (typeof value === "string" ? undefined : value.name);
    const parts = fc.uniqueArray(part, {
      minLength: 1,
      maxLength: 6,
      selector: (value) => byName(value) ?? Symbol(),
    });
    fc.assert(
      fc.property(parts, fc.option(literal, { nil: undefined }), (given, verb) => {
        const shown = given.map((value) => {
          if (typeof value === "string") return value;
          return value.segments === undefined
            ? `{${value.name}}`
            : `{${value.name}=${value.segments.join("/")}}`;
        });
        const text = `/${shown.join("/")}${verb === undefined ? "" : `:${verb}`}`;
        const template = parsePathTemplate(text);
        expect(printed(template)).toBe(text.replaceAll("=*}", "}"));
      }),
    );
  });
});

function printed({ parts, verb }: PathTemplate): string {
  const segment = (part: Segment) => (part.kind === "literal" ? part.raw : part.kind);
  const variable = ({ name, segments }: TemplateVariable) => {
    const pattern = segments.map(segment).join("/");
    return pattern === "*" ? `{${name}}` : `{${name}=${pattern}}`;
  };
  const path = parts.map((part) => `/${part.kind === "variable" ? variable(part) : segment(part)}`).join("");
  return verb === undefined ? path : `${path}:${verb}`;
}

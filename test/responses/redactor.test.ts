import { inspect } from "node:util";
import { create, fromBinary, toBinary, toJsonString } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../../src/errors/code.ts";
import { Redactor } from "../../src/responses/redactor.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { spellings } from "../support/spellings.ts";

const names = Object.keys(spellings);
const said = (text: string) => `the token ${text} is not known here`;
const stars = (text: string) => "*".repeat(text.length);

/** What can stand in a header, without blanks at its ends. */
const secret = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    minLength: 8,
  })
  .filter((text) => !/[\x7f-\x9f]/.test(text) && text.trim() === text);

test.each(names)("a secret spelled %s is redacted, in text and in bytes, and nothing around it", (name) => {
  const spell = spellings[name] as (text: string) => string;
  fc.assert(
    fc.property(secret, (value) => {
      const spelled = spell(value);
      const secrets = new Redactor([value]);
      const text = secrets.redactText(said(spelled));
      // Of base64 within base64 what belongs to the text around may stay.
      if (name.startsWith("base64 behind")) {
        expect(text).toMatch(/^the token [\w+/]{0,4}\*+[\w+/=]{0,24} is not known here$/);
      } else if (name.includes("base64")) {
        expect(text).toMatch(/^the token \*+(=|%3D|%253D){0,2} is not known here$/);
      } else if (name.includes(" in ")) {
        // The outer escape of an inner one.
        expect(text).toMatch(/^the token (?:\\|%5C)*\*+ is not known here$/);
      } else {
        expect(text).toBe(said(stars(spelled)));
      }
      for (const encoding of ["utf8", "latin1"] as const) {
        const bytes = Buffer.from(said(spelled), encoding);
        const masked = Buffer.from(secrets.redactBytes(bytes));
        expect(masked.length).toBe(bytes.length);
        const shown = masked.toString("latin1").replace(/\*+/, "*");
        expect(shown).toBe(text.replace(/\*+/, "*"));
      }
    }),
    { numRuns: 100 },
  );
});

test("what is no secret stays as it is, and bytes are not even copied", () => {
  const secrets = new Redactor(["Bearer a-token-that-nobody-says", "a=b; c=another-one-of-those"]);
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), fc.uint8Array(), (text, bytes) => {
      expect(secrets.redactText(text)).toBe(text);
      expect(secrets.redactBytes(bytes)).toBe(bytes);
    }),
  );
});

const basic = `Basic ${Buffer.from("service-user:pa:ss word-é", "utf8").toString("base64")}`;

describe("a part of a value is redacted", () => {
  test.each([
    ["what stands behind a scheme", "Bearer abcdefgh.12345", "abcdefgh.12345"],
    ["with a token that ends in padding", "Bearer YWJjZGVmZ2hpag==", "YWJjZGVmZ2hpag=="],
    ["a cookie", "theme=dark; session=s3cr3t-value; lang=en", "s3cr3t-value"],
    ["a cookie with commas and quotes", 'a=1; prefs={"k":"v,w"}; b=2', '{"k":"v,w"}'],
    ["a quoted cookie", 'session="s3cr3t-value"', "s3cr3t-value"],
    ["a cookie that is percent-encoded itself", "sid=s%3Aabcdefgh%2Fijkl", "s:abcdefgh/ijkl"],
    ["a parameter of a scheme", 'Digest username="u", response="0123456789abcdef"', "0123456789abcdef"],
    ["a quoted parameter with a comma", 'Digest response="abcd,efgh;ijkl", x=1', "abcd,efgh;ijkl"],
    ["the user of Basic", basic, "service-user"],
    ["the password of Basic", basic, "pa:ss word-é"],
    ["both of Basic, decoded", basic, "service-user:pa:ss word-é"],
    ["Basic as it is sent", basic, basic.slice(6)],
  ])("%s", (_name, value, part) => {
    expect(new Redactor([value]).redactText(said(part))).toBe(said(stars(part)));
    expect(new Redactor([value]).redactText(said(value))).toBe(said(stars(value)));
  });
});

describe("left alone is", () => {
  test.each([
    ["a part of fewer than eight characters", "Bearer abc1234", "abc1234"],
    ["a user of fewer than eight characters", `Basic ${btoa("service:long-password")}`, "service"],
    ["the scheme", "Bearer abcdefgh.12345", "Bearer"],
    ["the name of a cookie", "session-cookie=abcdefgh", "session-cookie"],
    ["a value of fewer than four characters", "abc", "abc"],
  ])("%s", (_name, value, part) => {
    expect(new Redactor([value]).redactText(said(part))).toBe(said(part));
  });
});

describe("a secret that is cut short is redacted from eight characters on", () => {
  const secrets = new Redactor(["Bearer token-123456789/abc"]);

  test.each([
    ["by the end of the text", "you sent token-12345", "you sent ***********"],
    ["within an escape", "you sent token-123456789%2", "you sent ***************%2"],
    ["by an ellipsis", "you sent 'token-1234...'", "you sent '**********...'"],
    ["by a character for it", "you sent token-1234\u2026", "you sent **********\u2026"],
    ["by the end of a quotation", 'you sent "token-1234"', 'you sent "**********"'],
    ["in base64", `you sent ${btoa("token-123456")}`, `you sent ${"*".repeat(16)}`],
  ])("%s", (_name, text, redacted) => {
    expect(secrets.redactText(text)).toBe(redacted);
    expect(Buffer.from(secrets.redactBytes(Buffer.from(text))).toString()).toBe(redacted);
  });

  test.each(["you sent token-", "a token-1234-like thing", "no 'Bearer token'"])("but not %j", (text) => {
    expect(secrets.redactText(text)).toBe(text);
  });
});

test("secrets within each other are all redacted, and whole", () => {
  const secrets = new Redactor(["inner-secret", "the inner-secret of another"]);
  expect(secrets.redactText("said the inner-secret of another")).toBe(`said ${"*".repeat(27)}`);
});

test("nothing that holds them shows them", () => {
  const secrets = new Redactor(["a-secret-token"]).andOf({
    asked: new Map([["authorization", "a-secret-token"]]),
    earlier: ["a-secret-token"],
    headers: { secrets: ["a-secret-token"] },
  });
  secrets.redactText("");
  expect(inspect(secrets, { depth: 9, showHidden: true, getters: true })).not.toContain("a-secret");
});

test("text that is all escapes takes time in proportion to its length", () => {
  const secrets = new Redactor(["Bearer a-token-that-nobody-says"]);
  for (const unit of ["%25", "\\\\", "&amp;", "%252525252525", "token-a-", "a-token-"]) {
    const text = `${unit.repeat(100_000)} .`;
    expect(secrets.redactText(text) === text).toBe(true);
  }
});

test("a message is redacted field by field, in a copy", () => {
  const value = "a-secret-token";
  const unknown = { no: 99, wireType: WireType.LengthDelimited, data: Buffer.from(`\u000e${value}`) };
  const message = create(EverythingSchema, {
    stringValue: said(value),
    bytesValue: Buffer.from(value),
    stringList: ["x", value],
    inner: { name: value },
    innerList: [{ tags: [value] }],
    choice: { case: "choiceString", value },
    int64Value: 7n,
  });
  message.$unknown = [unknown];
  const before = toBinary(EverythingSchema, message);
  const masked = new Redactor([value]).redactMessage(message);
  expect(toJsonString(EverythingSchema, masked)).not.toContain(value);
  expect(Buffer.from(toBinary(EverythingSchema, masked)).toString("latin1")).not.toContain(value);
  expect(masked).toMatchObject({
    stringValue: said(stars(value)),
    stringList: ["x", stars(value)],
    int64Value: 7n,
  });
  expect(toBinary(EverythingSchema, message)).toEqual(before);
});

test("a binary message stays readable, whatever its lengths look like", () => {
  fc.assert(
    fc.property(
      secret,
      fc.constantFrom(...names),
      fc.string({ unit: fc.constantFrom("4", "f", "'", "\\", " "), maxLength: 100 }),
      (value, name, padding) => {
        const spelled = (spellings[name] as (text: string) => string)(value);
        const status = create(StatusSchema, { code: 16, message: `${spelled} ${padding}` });
        const masked = new Redactor([value]).redactBytes(toBinary(StatusSchema, status));
        const { code, message } = fromBinary(StatusSchema, masked);
        expect(code).toBe(16);
        expect(message).toContain("****");
      },
    ),
    { numRuns: 500 },
  );
});

describe("the cause of a failure", () => {
  const value = "a-secret-token";
  const causeOf = (cause: unknown) => {
    const init = { code: Code.Unavailable, reason: "", outcome: "unknown", cause } as const;
    return new Redactor([value]).redactFailure({ init, retry: "never" }).init.cause;
  };

  test.each([new Error("a bug"), "text", undefined, null, 7, { a: [1] }, Symbol("s")])(
    "stays what it is without a secret in it: %s",
    (cause) => {
      expect(causeOf(cause)).toBe(cause);
    },
  );

  test("is redacted in its message, its stack, its own causes and whatever else it has", () => {
    const inner = Object.assign(new TypeError(`inner ${value}`), { data: `raw ${value}` });
    const outer = Object.assign(new Error(`outer ${value}`, { cause: inner }), { code: "E_OUTER" });
    const masked = causeOf(outer) as Error;
    expect(inspect(masked, { depth: 9, showHidden: true })).not.toContain(value);
    expect(masked).toMatchObject({
      message: `outer ${stars(value)}`,
      code: "E_OUTER",
      cause: { name: "TypeError", message: `inner ${stars(value)}` },
    });
  });

  test("may be its own cause, or no error at all", () => {
    const cyclic = new Error(value);
    cyclic.cause = cyclic;
    for (const cause of [cyclic, value, [value], { value }, new Map([[value, value]])]) {
      expect(inspect(causeOf(cause), { depth: 12 })).not.toContain(value);
    }
  });

  test("is not asked to show itself", () => {
    const hostile = {
      get value() {
        throw new Error("do not look");
      },
      [inspect.custom]() {
        throw new Error("do not show");
      },
    };
    expect(causeOf(hostile)).toBe(hostile);
  });
});

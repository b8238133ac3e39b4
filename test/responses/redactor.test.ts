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
const sentence = (text: string) => `the token ${text} is not known here`;
const stars = (text: string) => "*".repeat(text.length);

/** A valid header value without whitespace around it. */
const secret = fc
  .string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    minLength: 8,
  })
  .filter((text) => !/[\x7f-\x9f]/.test(text) && text.trim() === text);

test.each(names)("only the secret spelled %s is redacted, in text and in bytes", (name) => {
  const spell = spellings[name] as (text: string) => string;
  fc.assert(
    fc.property(secret, (value) => {
      const spelled = spell(value);
      const redactor = new Redactor([value]);
      const text = redactor.redactText(sentence(spelled));
      // In base64 within base64, characters that share bits with the text around may stay.
      if (name.startsWith("base64 after")) {
        expect(text).toMatch(/^the token [\w+/]{0,4}\*+[\w+/=]{0,24} is not known here$/);
      } else if (name.includes("base64")) {
        expect(text).toMatch(/^the token \*+(=|%3D|%253D){0,2} is not known here$/);
      } else if (name.includes(" in ")) {
        // The outer escape of an escaped escape.
        expect(text).toMatch(/^the token (?:\\|%5C)*\*+ is not known here$/);
      } else {
        expect(text).toBe(sentence(stars(spelled)));
      }
      for (const encoding of ["utf8", "latin1"] as const) {
        const bytes = Buffer.from(sentence(spelled), encoding);
        const redacted = Buffer.from(redactor.redactBytes(bytes));
        expect(redacted.length).toBe(bytes.length);
        const shown = redacted.toString("latin1").replace(/\*+/, "*");
        expect(shown).toBe(text.replace(/\*+/, "*"));
      }
    }),
    { numRuns: 100 },
  );
});

test("text and bytes without a secret are returned as they are", () => {
  const redactor = new Redactor(["Bearer a-token-in-no-text", "a=b; c=another-one-of-those"]);
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), fc.uint8Array(), (text, bytes) => {
      expect(redactor.redactText(text)).toBe(text);
      expect(redactor.redactBytes(bytes)).toBe(bytes);
    }),
  );
});

const basic = `Basic ${Buffer.from("service-user:pa:ss word-é", "utf8").toString("base64")}`;

describe("a part of a value is redacted", () => {
  test.each([
    ["what follows a scheme", "Bearer abcdefgh.12345", "abcdefgh.12345"],
    ["a token that ends in padding", "Bearer YWJjZGVmZ2hpag==", "YWJjZGVmZ2hpag=="],
    ["a cookie", "theme=dark; session=s3cr3t-value; lang=en", "s3cr3t-value"],
    ["a cookie with commas and quotes", 'a=1; prefs={"k":"v,w"}; b=2', '{"k":"v,w"}'],
    ["a quoted cookie", 'session="s3cr3t-value"', "s3cr3t-value"],
    ["a cookie that is percent-encoded itself", "sid=s%3Aabcdefgh%2Fijkl", "s:abcdefgh/ijkl"],
    ["a parameter of a scheme", 'Digest username="u", response="0123456789abcdef"', "0123456789abcdef"],
    ["a quoted parameter with a comma", 'Digest response="abcd,efgh;ijkl", x=1', "abcd,efgh;ijkl"],
    ["the user of Basic", basic, "service-user"],
    ["the password of Basic", basic, "pa:ss word-é"],
    ["the decoded credentials of Basic", basic, "service-user:pa:ss word-é"],
    ["the credentials of Basic as sent", basic, basic.slice(6)],
  ])("%s", (_name, value, part) => {
    expect(new Redactor([value]).redactText(sentence(part))).toBe(sentence(stars(part)));
    expect(new Redactor([value]).redactText(sentence(value))).toBe(sentence(stars(value)));
  });
});

describe("not redacted is", () => {
  test.each([
    ["a part of fewer than eight characters", "Bearer abc1234", "abc1234"],
    ["a user of fewer than eight characters", `Basic ${btoa("service:long-password")}`, "service"],
    ["the scheme", "Bearer abcdefgh.12345", "Bearer"],
    ["the name of a cookie", "session-cookie=abcdefgh", "session-cookie"],
    ["a value of fewer than four characters", "abc", "abc"],
  ])("%s", (_name, value, part) => {
    expect(new Redactor([value]).redactText(sentence(part))).toBe(sentence(part));
  });
});

describe("a truncated secret is redacted from eight characters on", () => {
  const redactor = new Redactor(["Bearer token-123456789/abc"]);

  test.each([
    ["by the end of the text", "you sent token-12345", "you sent ***********"],
    ["within an escape", "you sent token-123456789%2", "you sent ***************%2"],
    ["by an ellipsis", "you sent 'token-1234...'", "you sent '**********...'"],
    ["by an ellipsis character", "you sent token-1234\u2026", "you sent **********\u2026"],
    ["by the end of a quotation", 'you sent "token-1234"', 'you sent "**********"'],
    ["in base64", `you sent ${btoa("token-123456")}`, `you sent ${"*".repeat(16)}`],
  ])("%s", (_name, text, redacted) => {
    expect(redactor.redactText(text)).toBe(redacted);
    expect(Buffer.from(redactor.redactBytes(Buffer.from(text))).toString()).toBe(redacted);
  });

  test.each(["you sent token-", "a token-1234-like thing", "no 'Bearer token'"])(
    "unless it is part of a longer text: %j",
    (text) => {
      expect(redactor.redactText(text)).toBe(text);
    },
  );
});

test("secrets within each other are redacted whole", () => {
  const redactor = new Redactor(["inner-secret", "the inner-secret of another"]);
  expect(redactor.redactText("said the inner-secret of another")).toBe(`said ${"*".repeat(27)}`);
});

test("inspecting a redactor shows no secret", () => {
  const redactor = new Redactor(["a-secret-token"]).andOf({
    current: new Map([["authorization", "a-secret-token"]]),
    earlier: ["a-secret-token"],
    headers: { secrets: ["a-secret-token"] },
    query: { secrets: ["a-secret-token"] },
  });
  redactor.redactText("");
  expect(inspect(redactor, { depth: 9, showHidden: true, getters: true })).not.toContain("a-secret");
});

test("the time for text full of escapes is linear", () => {
  const redactor = new Redactor(["Bearer a-token-in-no-text"]);
  for (const unit of ["%25", "\\\\", "&amp;", "%252525252525", "token-a-", "a-token-"]) {
    const text = `${unit.repeat(100_000)} .`;
    expect(redactor.redactText(text) === text).toBe(true);
  }
});

test("a message is copied and redacted field by field", () => {
  const value = "a-secret-token";
  const unknown = { no: 99, wireType: WireType.LengthDelimited, data: Buffer.from(`\u000e${value}`) };
  const message = create(EverythingSchema, {
    stringValue: sentence(value),
    bytesValue: Buffer.from(value),
    stringList: ["x", value],
    inner: { name: value },
    innerList: [{ tags: [value] }],
    choice: { case: "choiceString", value },
    int64Value: 7n,
  });
  message.$unknown = [unknown];
  const before = toBinary(EverythingSchema, message);
  const redacted = new Redactor([value]).redactMessage(message);
  expect(toJsonString(EverythingSchema, redacted)).not.toContain(value);
  expect(Buffer.from(toBinary(EverythingSchema, redacted)).toString("latin1")).not.toContain(value);
  expect(redacted).toMatchObject({
    stringValue: sentence(stars(value)),
    stringList: ["x", stars(value)],
    int64Value: 7n,
  });
  expect(toBinary(EverythingSchema, message)).toEqual(before);
});

test("a binary message can be decoded, even if a length byte looks like an escape", () => {
  fc.assert(
    fc.property(
      secret,
      fc.constantFrom(...names),
      fc.string({ unit: fc.constantFrom("4", "f", "'", "\\", " "), maxLength: 100 }),
      (value, name, padding) => {
        const spelled = (spellings[name] as (text: string) => string)(value);
        const status = create(StatusSchema, { code: 16, message: `${spelled} ${padding}` });
        const redacted = new Redactor([value]).redactBytes(toBinary(StatusSchema, status));
        const { code, message } = fromBinary(StatusSchema, redacted);
        expect(code).toBe(16);
        expect(message).toContain("****");
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ["percent-encoded twice", "00aA0AaAAAaa=\u00a0 {"],
  ["percent-encoded twice", "00aA0AaAAAaz=\u00a0 {"],
])(
  "a binary message is redacted, even if its length and the secret look like an escape: %s, %j",
  (name, value) => {
    const spelled = (spellings[name] as (text: string) => string)(value);
    const message = `${spelled}${"?".repeat(37 - spelled.length)}`;
    const redacted = new Redactor([value]).redactBytes(
      toBinary(StatusSchema, create(StatusSchema, { code: 16, message })),
    );
    expect(fromBinary(StatusSchema, redacted).message).toBe(message.replace(spelled, stars(spelled)));
  },
);

describe("the cause of a failure", () => {
  const value = "a-secret-token";
  const causeOf = (cause: unknown) => {
    const init = { code: Code.Unavailable, reason: "", outcome: "unknown", cause } as const;
    return new Redactor([value]).redactFailure({ init, retry: "never" }).init.cause;
  };

  test.each([new Error("a bug"), "text", undefined, null, 7, { a: [1] }, Symbol("s")])(
    "without a secret stays the same object: %s",
    (cause) => {
      expect(causeOf(cause)).toBe(cause);
    },
  );

  test("is redacted in its message, stack, causes and other properties", () => {
    const inner = Object.assign(new TypeError(`inner ${value}`), { data: `raw ${value}` });
    const outer = Object.assign(new Error(`outer ${value}`, { cause: inner }), { code: "E_OUTER" });
    const redacted = causeOf(outer) as Error;
    expect(inspect(redacted, { depth: 9, showHidden: true })).not.toContain(value);
    expect(redacted).toMatchObject({
      message: `outer ${stars(value)}`,
      code: "E_OUTER",
      cause: { name: "TypeError", message: `inner ${stars(value)}` },
    });
  });

  test("may be its own cause, or not an Error", () => {
    const cyclic = new Error(value);
    cyclic.cause = cyclic;
    for (const cause of [cyclic, value, [value], { value }, new Map([[value, value]])]) {
      expect(inspect(causeOf(cause), { depth: 12 })).not.toContain(value);
    }
  });

  test("is inspected without its own code", () => {
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

test("the data that a parser could not read is left out: it may begin within a secret", () => {
  const cause = Object.assign(new Error("Invalid header token"), { code: "HPE", data: "-secret-token\r\n" });
  const init = { code: Code.Unavailable, reason: "", outcome: "unknown", cause } as const;
  const redacted = new Redactor(["a-secret-token"]).redactFailure({ init, retry: "never" });
  expect(redacted.init.cause).toMatchObject({ message: "Invalid header token", code: "HPE" });
  expect(redacted.init.cause).not.toHaveProperty("data");
});

test("a quoted value is found without its quoted pairs, also in base64", () => {
  const secret = "%0Aaa00aA0aA0\\=";
  const quoted = `"${secret.replaceAll("\\", "\\\\")}"`;
  const redactor = new Redactor([`Digest username="me", response=${quoted}, qop=auth`]);
  for (const text of [secret, Buffer.from(secret).toString("base64")]) {
    expect(redactor.redactText(`you sent ${text}.`)).toBe(`you sent ${"*".repeat(text.length)}.`);
  }
});

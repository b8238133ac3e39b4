import { create, isFieldSet, type Message, toBinary, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { ModernSchema } from "../gen/bytenite/test/v1/presence_edition_pb.js";
import { Grade, type Legacy, LegacySchema } from "../gen/bytenite/test/v1/presence_proto2_pb.js";
import type { RuleText } from "./support/rule-method.ts";
import { thrownBy } from "./support/thrown-by.ts";
import { bodyJson, readBack, routeFor, transcode } from "./support/transcode.ts";

/** Transcodes a message to a request, and the request back to a message. */
function roundTrip(rules: RuleText, message: Message) {
  const route = routeFor(rules, message);
  const sent = transcode(route, message);
  return {
    request: sent.request,
    body: bodyJson(sent.content),
    content: sent.content,
    back: readBack(route, sent),
  };
}

describe("proto2", () => {
  test("sends the set fields only, whatever the defaults are", () => {
    const unset = create(LegacySchema, { id: "i" });
    expect(roundTrip("GET /v1/{id}", unset)).toMatchObject({ request: "GET /v1/i", back: unset });
    const set = create(LegacySchema, { id: "i", label: "none", size: 7, grade: Grade.A });
    const { request, back } = roundTrip("GET /v1/{id}", set);
    expect(request).toBe("GET /v1/i?label=none&size=7&grade=GRADE_A");
    expect(toBinary(LegacySchema, back as Legacy)).toEqual(toBinary(LegacySchema, set));
    expect(roundTrip("GET /v1/{id}", create(LegacySchema, { id: "i", label: "", size: 0 })).request).toBe(
      "GET /v1/i?label=&size=0",
    );
  });

  test("does not send a default in a path", () => {
    const error = thrownBy(() => roundTrip("GET /v1/{label}", create(LegacySchema, { id: "i" })));
    expect(error).toHaveProperty("message", "label is not set, and the path needs it (/v1/{label})");
  });

  test("removes a bound field from the body without setting it to its zero value", () => {
    const message = create(LegacySchema, { id: "i", label: "l", size: 7, tags: ["t"] });
    const { request, body, content, back } = roundTrip("POST /v1/{label} body:*", message);
    expect(request).toBe("POST /v1/l");
    expect(body).toEqual({ id: "i", size: 7, tags: ["t"] });
    if (content?.kind !== "message") throw new Error("no message");
    expect(isFieldSet(content.message as Legacy, LegacySchema.field.label)).toBe(false);
    expect(isFieldSet(content.message as Legacy, LegacySchema.field.grade)).toBe(false);
    expect((content.message as Legacy).label).toBe("none");
    expect(message.label).toBe("l");
    expect(toJson(LegacySchema, back as Legacy)).toEqual(toJson(LegacySchema, message));
  });

  test("keeps a required field in the body, because it could not be encoded without it", () => {
    const message = create(LegacySchema, { id: "i", size: 1 });
    const { request, content } = roundTrip("POST /v1/{id} body:*", message);
    expect(request).toBe("POST /v1/i");
    if (content?.kind !== "message") throw new Error("no message");
    expect(toBinary(LegacySchema, content.message as Legacy)).toEqual(toBinary(LegacySchema, message));
  });

  test("handles nested messages", () => {
    const message = create(LegacySchema, { id: "i", next: { id: "j", label: "l", next: { id: "k" } } });
    expect(roundTrip("POST /v1/{next.label} body:*", message)).toMatchObject({
      request: "POST /v1/l",
      body: { id: "i", next: { id: "j", next: { id: "k" } } },
    });
    const { request, back } = roundTrip("GET /v1/{next.label}", message);
    expect(request).toBe("GET /v1/l?id=i&next.id=j&next.next.id=k");
    expect(toJson(LegacySchema, back as Legacy)).toEqual(toJson(LegacySchema, message));
  });

  test("rejects an unknown number of a closed enum", () => {
    const message = create(LegacySchema, { id: "i", grade: 9 as Grade });
    const error = thrownBy(() => roundTrip("GET /v1/{id}", message));
    expect(error).toHaveProperty("message", "grade is 9, which is not a value of bytenite.test.v1.Grade");
  });
});

describe("an edition", () => {
  test("has presence unless the field says otherwise", () => {
    const message = create(ModernSchema, {
      key: "k",
      id: "",
      label: "",
      size: 0,
      next: { key: "n", label: "x" },
    });
    const { request, back } = roundTrip("GET /v1/{key}", message);
    expect(request).toBe("GET /v1/k?id=&size=0&next.label=x&next.key=n");
    expect(toBinary(ModernSchema, back as typeof message)).toEqual(toBinary(ModernSchema, message));
  });

  test("removes a bound field from the body without setting it to its zero value", () => {
    const message = create(ModernSchema, { key: "k", id: "i", size: 7 });
    const { request, body } = roundTrip("PUT /v1/{id}/{size} body:*", message);
    expect(request).toBe("PUT /v1/i/7");
    expect(body).toEqual({ key: "k" });
    expect(message.size).toBe(7);
  });

  test("does not send a default in a path", () => {
    const error = thrownBy(() => roundTrip("GET /v1/{size}", create(ModernSchema, { key: "k" })));
    expect(error).toHaveProperty("message", "size is not set, and the path needs it (/v1/{size})");
  });
});

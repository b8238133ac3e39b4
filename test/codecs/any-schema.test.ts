// For any schema, the client sends the init object without loss, and reads the sent message.
import {
  create,
  type DescField,
  type DescMessage,
  type DescMethodUnary,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { decodeBinary, encodeBinary } from "../../src/codecs/binary-codec.ts";
import { decodeJson, encodeJson } from "../../src/codecs/json-codec.ts";
import { messageFromInit } from "../../src/codecs/message-from-init.ts";
import { Code, createRestTransport } from "../../src/transport.ts";
import { PlainLeafSchema } from "../gen/bytenite/test/v1/plain_pb.js";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { ruleMethod } from "../transcoding/support/rule-method.ts";
import { anyCase } from "./support/any-schema.ts";

const runs = { numRuns: 400 };

test("an init object becomes the same message as with protobuf-es, and is not changed", () => {
  fc.assert(
    fc.property(anyCase, ({ schema: { desc }, init }) => {
      const before = structuredClone(init);
      const message = messageFromInit(desc, init);
      expect(message).toEqual(create(desc, init as never));
      expect(messageFromInit(desc, message as never)).toBe(message);
      expect(init).toEqual(before);
    }),
    runs,
  );
});

test("a message survives a round trip in binary, and in JSON with integers as text and as numbers", () => {
  fc.assert(
    fc.property(anyCase, ({ schema: { desc, registry }, init }) => {
      const message = messageFromInit(desc, init);
      const bytes = toBinary(desc, message);
      expect(Buffer.compare(encodeBinary(desc, message), bytes)).toBe(0);
      expect(decodeBinary(desc, bytes)).toEqual(message);
      const json = Buffer.from(encodeJson(desc, message, { registry })).toString();
      expect(json).toBe(toJsonString(desc, message, { registry }));
      expect(decodeJson(desc, Buffer.from(json), registry)).toEqual(message);
      const numbers = encodeJson(desc, message, { registry, jsonInt64: "number" });
      expect(decodeJson(desc, numbers, registry)).toEqual(message);
    }),
    runs,
  );
});

/** A field or a oneof that an init object sets, at any depth. */
interface Site {
  readonly holder: Record<string, unknown>;
  readonly key: string;
  /** The path of the object, as in errors: `""` or `"field_1[2]."`. */
  readonly parent: string;
  readonly name: string;
  readonly message: DescMessage | undefined;
}

function* sitesIn(desc: DescMessage, init: unknown, parent = ""): Generator<Site> {
  const holder = init as Record<string, unknown>;
  for (const member of desc.members) {
    const { localName: key, name } = member;
    if (!Object.hasOwn(holder, key) || holder[key] === undefined) continue;
    const isSingular = member.kind === "field" && member.fieldKind === "message" && !isNoMessage(member);
    yield { holder, key, parent, name, message: isSingular ? member.message : undefined };
    if (member.kind === "oneof") {
      const oneof = holder[key] as { readonly case?: string; readonly value?: unknown };
      const field = member.fields.find(({ localName }) => localName === oneof.case);
      if (field?.message && !isNoMessage(field))
        yield* sitesIn(field.message, oneof.value, `${parent}${field.name}.`);
    } else if (member.message !== undefined && !isNoMessage(member)) {
      const entries =
        member.fieldKind === "message" ? [["", holder[key]]] : Object.entries(holder[key] as object);
      for (const [at, value] of entries) {
        const place =
          member.fieldKind === "message"
            ? ""
            : member.fieldKind === "list"
              ? `[${at}]`
              : `[${JSON.stringify(at)}]`;
        yield* sitesIn(member.message, value, `${parent}${name}${place}.`);
      }
    }
  }
}

/** Whether protobuf-es represents a wrapper or a Struct as something other than a message. */
function isNoMessage({ message, fieldKind, oneof, parent }: DescField): boolean {
  if (message === undefined) return false;
  if (message.typeName === "google.protobuf.Struct") return parent.typeName !== "google.protobuf.Value";
  return isWrapperDesc(message) && fieldKind === "message" && oneof === undefined;
}

/** Each function makes one error in an init object, and returns the path that the error has to name. */
const damages: Readonly<Record<string, (site: Site) => string>> = {
  "a key renamed": ({ holder, key, parent }) => {
    holder[`${key}_`] = holder[key];
    delete holder[key];
    return `${parent}${key}_ is not a field of `;
  },
  "a value that no field has": ({ holder, key, parent, name }) => {
    holder[key] = () => undefined;
    return `${parent}${name} `;
  },
  "a Date": ({ holder, key, parent, name }) => {
    holder[key] = new Date(1.7e12);
    return `${parent}${name} `;
  },
  "a promise that nobody awaited": ({ holder, key, parent, name }) => {
    holder[key] = Promise.resolve(holder[key]);
    return `${parent}${name} `;
  },
  "a Map": ({ holder, key, parent, name }) => {
    holder[key] = new Map(Object.entries({ a: holder[key] }));
    return `${parent}${name} `;
  },
  "another type's message": ({ holder, key, parent, name, message }) => {
    if (message === undefined)
      return damages["a key renamed"]?.({ holder, key, parent, name, message }) as string;
    holder[key] = create(PlainLeafSchema, { id: "of another type" });
    return `${parent}${name} has to be a ${message.typeName}, not a bytenite.test.v1.PlainLeaf`;
  },
};

test("any error in an init object is InvalidArgument with its path, and nothing is sent", async () => {
  const server = await scriptedServer({ status: 500 });
  const transports = (["protobuf", "json"] as const).map((encoding) =>
    createRestTransport({ baseUrl: server.baseUrl, encoding }),
  );
  onTestFinished(async () => {
    await Promise.all(transports.map((transport) => transport.close()));
  });
  const rule = fc.constantFrom("POST /v1/x body:*", "GET /v1/x");
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      anyCase,
      fc.nat(),
      fc.constantFrom(...Object.entries(damages)),
      fc.constantFrom(...transports),
      rule,
      async ({ schema: { desc }, init }, at, [what, damage], transport, ruleText) => {
        // fast-check may use the same object again.
        const damaged = structuredClone(init);
        const sites = [...sitesIn(desc, damaged)];
        const site = sites[at % sites.length];
        fc.pre(site !== undefined);
        const place = damage(site);
        const method = ruleMethod(ruleText, desc) as DescMethodUnary;
        const error = await caught(transport.unary(method, damaged));
        expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent", attempts: 0 });
        // A query cannot have some fields, and JSON cannot have an Any of an unknown type. Those errors come first.
        if (!/cannot be a query parameter|type registry/.test(error.reason))
          expect(error.reason).toContain(place);
        seen.set(what, (seen.get(what) ?? 0) + 1);
      },
    ),
    { numRuns: 600 },
  );
  expect(server.seen).toEqual([]);
  for (const what of Object.keys(damages)) expect(seen.get(what)).toBeGreaterThan(20);
});

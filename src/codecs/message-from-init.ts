import { types } from "node:util";
import {
  type DescField,
  type DescMessage,
  type DescOneof,
  type MessageInitShape,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { hintAtNames } from "../errors/nearest-name.ts";
import { describeWrongType } from "../errors/wrong-type.ts";
import { CodecError } from "./codec-error.ts";
import { memoizeByType } from "./memoize-by-type.ts";
import { type Fields, newMessageOf } from "./new-message.ts";
import { isRecord } from "./records.ts";

/**
 * Creates a message from an init object, like protobuf-es's `create()`. A message of the type is returned unchanged. It
 * throws an error for what `create()` would silently drop, at every depth: an unknown field, an unknown case of a oneof, a
 * Date for a Timestamp, a value that is not a message. Only own properties count.
 *
 * The values of fields are validated when the message is encoded.
 *
 * @throws CodecError whose message begins with the path, for instance `"books[2].titel"`
 */
export function messageFromInit<Desc extends DescMessage>(
  desc: Desc,
  init: MessageInitShape<Desc>,
): MessageShape<Desc> {
  try {
    if (!isRecord(init)) throw new Problem("", describeWrongType(`a ${desc.typeName}`, init));
    const message = convertMessage(desc, init);
    if (message === undefined) throw new Problem("", describeWrongType(`a ${desc.typeName}`, init));
    return message as unknown as MessageShape<Desc>;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new CodecError(`${error.path === "" ? "the message" : error.path} ${error.reason}`);
  }
}

/** Thrown for a wrong value. Each level puts its name in front of the path, so valid messages cost no paths. */
class Problem {
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    this.path = path;
    this.reason = reason;
  }
}

/** Puts the parent's name in front of a problem's path; returns other errors unchanged. */
function withParent(error: unknown, parent: string): unknown {
  if (!(error instanceof Problem)) return error;
  const dot = error.path === "" || error.path.startsWith("[") ? "" : ".";
  return new Problem(`${parent}${dot}${error.path}`, error.reason);
}

/** Converts an init object, or checks a message. Returns undefined for a message of another type. */
function convertMessage(desc: DescMessage, init: Fields): Fields | undefined {
  if (Object.hasOwn(init, "$typeName")) {
    if (init.$typeName !== desc.typeName) return undefined;
    membersOf(desc).check(init);
    return init;
  }
  return membersOf(desc).convert(init);
}

interface Members {
  /** Creates a message from an init object. */
  convert(init: Fields): Fields;
  /** Throws an error for unknown fields of a message. */
  check(message: Fields): void;
}

interface Member {
  /** Converts a value of the init object to a value of the message. */
  readonly convert: ((value: unknown) => unknown) | undefined;
  /** Throws an error for unknown fields in a value of the message. */
  readonly check: ((value: unknown) => void) | undefined;
}

interface NamedCheck {
  readonly name: string;
  readonly check: Member["check"];
}

const membersOf = memoizeByType((desc): Members => {
  const make = newMessageOf(desc);
  const members = new Map<string, Member>();
  for (const member of desc.members) {
    members.set(member.localName, member.kind === "oneof" ? oneofMember(member) : fieldMember(member));
  }
  const checks: NamedCheck[] = [{ name: "$typeName", check: undefined }];
  for (const [name, { check }] of members) checks.push({ name, check });
  return {
    convert(init) {
      const message = make();
      for (const key of Object.keys(init)) {
        const member = members.get(key);
        if (member === undefined) throw noSuchField(desc, key);
        const value = init[key];
        // protobuf-es accepts null for an unset field.
        if (value === undefined || value === null) continue;
        message[key] = member.convert === undefined ? value : member.convert(value);
      }
      return message;
    },
    check(message) {
      let next = 0;
      // Each member is checked once, from the key of for-in if that is next: V8 loads such a property without a lookup. To
      // compare names costs less than to look one up, and create() sets the properties in this order.
      for (const key in message) {
        let at = next;
        while (at < checks.length && key !== (checks[at] as NamedCheck).name) at++;
        if (at < checks.length) {
          for (; next < at; next++) checkByName(checks[next] as NamedCheck, message);
          const { check } = checks[next++] as NamedCheck;
          if (check !== undefined) check(message[key]);
        } else if (!members.has(key) && !key.startsWith("$") && Object.hasOwn(message, key)) {
          throw noSuchField(desc, key);
        }
      }
      for (; next < checks.length; next++) checkByName(checks[next] as NamedCheck, message);
    },
  };
});

function checkByName({ name, check }: NamedCheck, message: Fields): void {
  if (check !== undefined) check(message[name]);
}

const unchanged: Member = { convert: undefined, check: undefined };

function fieldMember(field: DescField): Member {
  const { convert, check } = valueMember(field);
  const { name, fieldKind } = field;
  const [convertEach, checkEach] =
    fieldKind === "list"
      ? [convertItems, eachItem]
      : fieldKind === "map"
        ? [convertEntries, eachEntry]
        : [one, one];
  return {
    convert: convert && ((value) => convertEach(name, value, convert)),
    check: check && ((value) => void checkEach(name, value, check)),
  };
}

type Convert = (value: unknown) => unknown;

// These visit the parts of a value. A value that is not a list or a map stays, and is found by validateValues.

function one<T>(name: string, value: unknown, visit: (value: unknown) => T): T {
  try {
    return visit(value);
  } catch (error) {
    throw withParent(error, name);
  }
}

function eachItem(name: string, items: unknown, visit: (item: unknown) => void): void {
  if (!Array.isArray(items)) return;
  let i = 0;
  try {
    for (; i < items.length; i++) visit(items[i]);
  } catch (error) {
    throw withParent(error, `${name}[${i}]`);
  }
}

function convertItems(name: string, items: unknown, convert: Convert): unknown {
  if (!Array.isArray(items)) return items;
  const converted: unknown[] = [];
  eachItem(name, items, (item) => converted.push(convert(item)));
  return converted;
}

function eachEntry(name: string, entries: unknown, visit: (value: unknown, key: string) => void): void {
  if (!isRecord(entries)) return;
  for (const [key, value] of Object.entries(entries)) {
    try {
      visit(value, key);
    } catch (error) {
      throw withParent(error, `${name}[${JSON.stringify(key)}]`);
    }
  }
}

function convertEntries(name: string, entries: unknown, convert: Convert): unknown {
  if (!isRecord(entries)) return entries;
  const converted: [string, unknown][] = [];
  eachEntry(name, entries, (value, key) => converted.push([key, convert(value)]));
  return Object.fromEntries(converted);
}

/** The conversion of one value: of a singular field, an item of a list, or a value of a map. */
function valueMember(field: DescField): Member {
  const { message: desc, scalar, fieldKind, oneof, parent } = field;
  if (scalar === ScalarType.BYTES) return bytesMember;
  if (desc === undefined) return unchanged;
  // protobuf-es represents a wrapper as its value, and a Struct as a JSON object.
  if (isWrapperDesc(desc) && fieldKind === "message" && oneof === undefined) {
    return desc.fields[0].scalar === ScalarType.BYTES ? bytesMember : unchanged;
  }
  if (desc.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value") {
    return unchanged;
  }
  let members: Members | undefined;
  const isTimestamp = desc.typeName === "google.protobuf.Timestamp";
  return {
    convert: (value) => {
      if (isRecord(value)) return convertMessage(desc, value) ?? value;
      if (isTimestamp && types.isDate(value)) throw dateForTimestamp;
      return value;
    },
    check: (value) => {
      if (typeof value !== "object" || value === null) return;
      if ((value as Fields).$typeName === desc.typeName) {
        members ??= membersOf(desc);
        members.check(value as Fields);
      } else if (isTimestamp && types.isDate(value)) throw dateForTimestamp;
    },
  };
}

const dateForTimestamp = /* @__PURE__ */ new Problem(
  "",
  "has to be a google.protobuf.Timestamp, not a Date: use timestampFromDate()",
);

/** Converts bytes. protobuf-es accepts a list of numbers, too, but truncates each to eight bits. */
const bytesMember: Member = {
  convert: (value) => {
    if (types.isUint8Array(value) && !(value instanceof Uint8Array)) return toThisRealm(value);
    if (!Array.isArray(value)) return value;
    const i = value.findIndex((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255);
    if (i >= 0) throw new Problem(`[${i}]`, "has to be a byte, from 0 to 255");
    return Uint8Array.from(value as number[]);
  },
  check: undefined,
};

/** protobuf-es recognizes bytes by the class of its own realm, but Jest runs tests in other realms. */
function toThisRealm({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function oneofMember({ name, fields }: DescOneof): Member {
  const members = new Map<unknown, Member>(fields.map((field) => [field.localName, fieldMember(field)]));
  /** Returns undefined if the oneof is not set. */
  const memberOf = (oneof: Fields): Member | undefined => {
    const unknown = Object.keys(oneof).find((key) => key !== "case" && key !== "value");
    if (unknown !== undefined) throw new Problem(`${name}.${unknown}`, "is neither case nor value");
    if (oneof.case === undefined || oneof.case === null) {
      if (oneof.value !== undefined) throw new Problem(name, "has a value without a case");
      return undefined;
    }
    const member = members.get(oneof.case);
    if (member !== undefined) return member;
    throw new Problem(
      name,
      `has no case ${JSON.stringify(oneof.case)}; it has ${[...members.keys()].join(", ")}`,
    );
  };
  return {
    convert: (oneof) => {
      if (!isRecord(oneof))
        throw new Problem(name, describeWrongType("an object with case and value", oneof));
      const member = memberOf(oneof);
      if (member === undefined) return { case: undefined };
      const { value } = oneof;
      return { case: oneof.case, value: member.convert === undefined ? value : member.convert(value) };
    },
    check: (oneof) => {
      if (isRecord(oneof)) memberOf(oneof)?.check?.(oneof.value);
    },
  };
}

function noSuchField(desc: DescMessage, key: string): Problem {
  return new Problem(key, `is not a field of ${desc.typeName}${hint(desc, key)}`);
}

function hint({ fields, members }: DescMessage, key: string): string {
  const named = fields.find(({ name, jsonName, localName }) => [name, jsonName, localName].includes(key));
  if (named?.oneof !== undefined) {
    const { localName, oneof } = named;
    return `: it is a case of a oneof; write { ${oneof.localName}: { case: "${localName}", value: … } }`;
  }
  return named === undefined
    ? hintAtNames(
        key,
        members.map(({ localName }) => localName),
      )
    : `: did you mean ${JSON.stringify(named.localName)}?`;
}

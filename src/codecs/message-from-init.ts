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
import { describeWrongType } from "../errors/wrong-type.ts";
import { CodecError } from "./codec-error.ts";
import { memoizeByType } from "./memoize-by-type.ts";
import { type Fields, newMessageOf } from "./new-message.ts";
import { isRecord } from "./records.ts";

/**
 * Makes a message of an init object, as protobuf-es's `create()` does; a message of the type is given back as it is. What
 * `create()` would leave out without a word is an error here, at every depth: a field that the message does not have, a
 * case that a oneof does not have, a Date for a Timestamp, what is no message at all. Own properties count, no inherited ones.
 *
 * What the fields hold is checked when they are written.
 *
 * @throws CodecError that begins with the place, for instance `"books[2].titel"`
 */
export function messageFromInit<Desc extends DescMessage>(
  desc: Desc,
  init: MessageInitShape<Desc>,
): MessageShape<Desc> {
  try {
    if (!isRecord(init)) throw new Problem("", describeWrongType(`a ${desc.typeName}`, init));
    const message = convert(desc, init);
    if (message === undefined) throw new Problem("", describeWrongType(`a ${desc.typeName}`, init));
    return message as unknown as MessageShape<Desc>;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    throw new CodecError(`${error.place === "" ? "the message" : error.place} ${error.text}`);
  }
}

/** Its place is put together as it is thrown from depth to depth, so that a good message costs nothing for it. */
class Problem {
  readonly place: string;
  readonly text: string;

  constructor(place: string, text: string) {
    this.place = place;
    this.text = text;
  }
}

/** What was thrown within the value at `parent`. */
function placed(error: unknown, parent: string): unknown {
  if (!(error instanceof Problem)) return error;
  const dot = error.place === "" || error.place.startsWith("[") ? "" : ".";
  return new Problem(`${parent}${dot}${error.place}`, error.text);
}

/** @returns undefined for a message of another type */
function convert(desc: DescMessage, init: Fields): Fields | undefined {
  if (Object.hasOwn(init, "$typeName")) {
    if (init.$typeName !== desc.typeName) return undefined;
    membersOf(desc).check(init);
    return init;
  }
  return membersOf(desc).convert(init);
}

interface Members {
  /** Makes a message of an init object. */
  convert(init: Fields): Fields;
  /** Looks for properties that are no fields, in a message. */
  check(message: Fields): void;
}

interface Member {
  /** Gives what the message holds for a value of the init object. */
  readonly convert: ((value: unknown) => unknown) | undefined;
  /** Checks what a message holds. */
  readonly check: ((value: unknown) => void) | undefined;
}

const membersOf = memoizeByType((desc): Members => {
  const make = newMessageOf(desc);
  const members = new Map<string, Member>();
  for (const member of desc.members) {
    members.set(member.localName, member.kind === "oneof" ? oneofMember(member) : fieldMember(member));
  }
  const withMessages = [...members].flatMap(([name, { check }]) =>
    check === undefined ? [] : [{ name, check }],
  );
  return {
    convert(init) {
      const message = make();
      for (const key of Object.keys(init)) {
        const member = members.get(key);
        if (member === undefined) throw noSuchField(desc, key);
        const value = init[key];
        // protobuf-es takes null for unset, too.
        if (value === undefined || value === null) continue;
        message[key] = member.convert === undefined ? value : member.convert(value);
      }
      return message;
    },
    check(message) {
      for (const key in message) {
        if (!members.has(key) && !key.startsWith("$") && Object.hasOwn(message, key))
          throw noSuchField(desc, key);
      }
      for (const { name, check } of withMessages) check(message[name]);
    },
  };
});

const unchanged: Member = { convert: undefined, check: undefined };

function fieldMember(field: DescField): Member {
  const { convert, check } = valueMember(field);
  const { name } = field;
  const each = field.fieldKind === "list" ? eachItem : field.fieldKind === "map" ? eachEntry : one;
  return {
    convert: convert && ((value) => each(name, value, convert)),
    check: check && ((value) => void each(name, value, check)),
  };
}

type Act = (value: unknown) => unknown;

// Each gives back its value with what `act` made of the parts. What is no list or no map is left to the check of values.

function one(name: string, value: unknown, act: Act): unknown {
  try {
    return act(value);
  } catch (error) {
    throw placed(error, name);
  }
}

function eachItem(name: string, items: unknown, act: Act): unknown {
  if (!Array.isArray(items)) return items;
  let i = 0;
  try {
    return items.map((item, at) => {
      i = at;
      return act(item);
    });
  } catch (error) {
    throw placed(error, `${name}[${i}]`);
  }
}

function eachEntry(name: string, entries: unknown, act: Act): unknown {
  if (!isRecord(entries)) return entries;
  let key = "";
  try {
    return Object.fromEntries(
      Object.entries(entries).map(([each, value]) => {
        key = each;
        return [each, act(value)];
      }),
    );
  } catch (error) {
    throw placed(error, `${name}[${JSON.stringify(key)}]`);
  }
}

/** Of one value: of a singular field, an item, or a map's value. */
function valueMember(field: DescField): Member {
  const { message: desc, scalar, fieldKind, oneof, parent } = field;
  if (scalar === ScalarType.BYTES) return bytesMember;
  if (desc === undefined) return unchanged;
  // protobuf-es keeps a wrapper as its value, and a Struct as a JSON object.
  if (isWrapperDesc(desc) && fieldKind === "message" && oneof === undefined) {
    return desc.fields[0].scalar === ScalarType.BYTES ? bytesMember : unchanged;
  }
  if (desc.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value") {
    return unchanged;
  }
  const isTimestamp = desc.typeName === "google.protobuf.Timestamp";
  return {
    convert: (value) => {
      if (isRecord(value)) return convert(desc, value) ?? value;
      if (isTimestamp && types.isDate(value)) throw dateForTimestamp;
      return value;
    },
    check: (value) => {
      if (isRecord(value) && value.$typeName === desc.typeName) membersOf(desc).check(value);
    },
  };
}

const dateForTimestamp = new Problem(
  "",
  "has to be a google.protobuf.Timestamp, not a Date: use timestampFromDate()",
);

/** protobuf-es takes a list of numbers for bytes, and cuts each to eight bits. */
const bytesMember: Member = {
  convert: (value) => {
    if (types.isUint8Array(value) && !(value instanceof Uint8Array)) return ofThisRealm(value);
    if (!Array.isArray(value)) return value;
    const i = value.findIndex((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255);
    if (i >= 0) throw new Problem(`[${i}]`, "has to be a byte, from 0 to 255");
    return Uint8Array.from(value as number[]);
  },
  check: undefined,
};

/** protobuf-es knows bytes by their class, which each realm has one of: Jest runs tests in a realm of their own. */
function ofThisRealm({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function oneofMember({ name, fields }: DescOneof): Member {
  const members = new Map<unknown, Member>(fields.map((field) => [field.localName, fieldMember(field)]));
  /** Undefined where the oneof is not set. */
  const memberOf = (oneof: Fields): Member | undefined => {
    const unknown = Object.keys(oneof).find((key) => key !== "case" && key !== "value");
    if (unknown !== undefined)
      throw new Problem(`${name}.${unknown}`, "is neither case nor value, which a oneof has");
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
    return `: it is a case of a oneof, { ${oneof.localName}: { case: "${localName}", value: … } }`;
  }
  const names = members.map(({ localName }) => localName);
  const letters = lettersOf(key);
  const meant =
    named?.localName ??
    names.find((name) => lettersOf(name) === letters) ??
    names.find((name) => isOneSlipFrom(lettersOf(name), letters));
  if (meant !== undefined) return `: did you mean ${JSON.stringify(meant)}?`;
  return names.length > 0 && names.length <= 12 ? `; it has ${names.join(", ")}` : "";
}

function lettersOf(name: string): string {
  return name.replaceAll(/[_-]/g, "").toLowerCase();
}

/** Whether one letter more, less or other, or two in turn, makes one text of the other. */
function isOneSlipFrom(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [one, other] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (one.length <= 1 && other.length <= 1) return a.length > 1;
  return one.length === 2 && other.length === 2 && one[0] === other[1] && one[1] === other[0];
}

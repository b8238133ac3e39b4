import {
  type DescField,
  type DescMessage,
  type Message,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { HttpRule } from "../../gen/google/api/http_pb.js";
import type { MessageMaker } from "./any-message.ts";

/** A variable of a rule's path: `{name=pattern}`. */
export interface Variable {
  readonly name: string;
  readonly pattern: string;
}

export function pathOf({ pattern }: HttpRule): string {
  if (pattern.case === undefined) return "";
  return pattern.case === "custom" ? pattern.value.path : pattern.value;
}

export function variablesOf(rule: HttpRule): Variable[] {
  return Array.from(pathOf(rule).matchAll(/\{([^}=]+)(?:=([^}]*))?\}/g), ([, name = "", pattern = "*"]) => ({
    name,
    pattern,
  }));
}

/**
 * Makes a message that can be sent by a rule: every variable has a matching value.
 *
 * @param set the probability that another field is set
 */
export function validMessage(maker: MessageMaker, desc: DescMessage, rule: HttpRule, set: number): Message {
  const options =
    rule.body === "*"
      ? { set, depth: 3 }
      : {
          set,
          depth: 3,
          // A query cannot carry an empty message.
          allowEmpty: false,
          mayBeSet: (field: DescField) => field.name !== rule.body && canBeInQuery(field),
        };
  const message = reflect(desc, maker.message(desc, options) as MessageShape<DescMessage>);
  const body = desc.fields.find(({ name }) => name === rule.body);
  // A body that is a field is always sent.
  if (body !== undefined) maker.set(message, body, { set, depth: 2 });
  const raw = bodyOf(desc, rule);
  if (isRaw(raw))
    makeSendable(raw === desc ? message : message.get(body as DescField & { fieldKind: "message" }));
  for (const variable of variablesOf(rule))
    fillVariable(maker, message, variable.name.split("."), variable.pattern);
  return message.message;
}

/** The message type of the body; undefined if it is not a message. */
export function bodyOf(desc: DescMessage, { body }: HttpRule): DescMessage | undefined {
  return body === "*"
    ? desc
    : desc.fields.find((field) => field.name === body && field.fieldKind === "message")?.message;
}

export function isRaw(desc: DescMessage | undefined): boolean {
  return desc?.typeName === "google.api.HttpBody";
}

/** Leaves only what HTTP can carry: no extensions, and a content type that a header can hold. */
function makeSendable(raw: ReflectMessage): void {
  Object.assign(raw.message, { contentType: "message/example", extensions: [] });
}

function fillVariable(
  maker: MessageMaker,
  message: ReflectMessage,
  [name, ...rest]: readonly string[],
  pattern: string,
): void {
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new Error(`${message.desc.typeName} has no field ${name}`);
  if (rest.length > 0 && field.fieldKind === "message") {
    if (!message.isSet(field)) message.set(field, reflect(field.message));
    fillVariable(maker, message.get(field), rest, pattern);
  } else if (field.scalar !== ScalarType.STRING) {
    message.set(field, maker.value(field));
  } else {
    const segment = () => maker.text().replaceAll("/", "-");
    const filled = (part: string) =>
      part === "*" ? segment() : part === "**" ? `${segment()}/${segment()}` : part;
    // The value of a single * may have a slash, which is escaped.
    message.set(field, pattern === "*" ? maker.text() : pattern.split("/").map(filled).join("/"));
  }
}

const withoutParameters: ReadonlySet<string> = new Set(
  ["Any", "Struct", "Value", "ListValue"].map((name) => `google.protobuf.${name}`),
);

/**
 * google/api/http.proto: "a primitive type or a repeated primitive type or a non-repeated message type", and lists of the
 * messages that are a primitive value in JSON.
 */
function canBeInQuery(field: DescField): boolean {
  if (field.fieldKind === "map") return false;
  if (field.fieldKind === "list") return field.message === undefined || isPrimitiveInJson(field.message);
  return !withoutParameters.has(field.message?.typeName ?? "");
}

function isPrimitiveInJson(desc: DescMessage): boolean {
  return isWrapperDesc(desc) || /^google\.protobuf\.(?:Timestamp|Duration|FieldMask)$/.test(desc.typeName);
}

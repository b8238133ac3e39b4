import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { OPENING_BRACE, OPENING_BRACKET } from "../codecs/ascii.ts";
import { isJsonObject, parseJsonIfValid } from "../codecs/parse-json.ts";
import { lenientUtf8 } from "../codecs/utf8.ts";
import type { Binding } from "../transcoding/binding.ts";

/** Whether a body begins as a JSON object or a JSON array does. */
export function beginsAsJson(body: Uint8Array): boolean {
  return body[0] === OPENING_BRACE || body[0] === OPENING_BRACKET;
}

/**
 * Whether a body that is not labelled as JSON is unmistakably the response of a method in JSON: an object that is empty or
 * has a field of the message, or a list of such objects if `response_body` is a list. JSON of another kind, such as a
 * number, may be anything.
 */
export function isResponseInJson({ responseField, method }: Binding, body: Uint8Array): boolean {
  const json = parseJsonIfValid(lenientUtf8.decode(body));
  return responseField === undefined ? isMessage(method.output, json) : isField(responseField, json);
}

function isField(field: DescField, json: unknown): boolean {
  switch (field.fieldKind) {
    case "message":
      return isMessage(field.message, json);
    case "list":
      return Array.isArray(json) && json.every((item) => isItem(field.message, item));
    case "map":
      return isJsonObject(json) && Object.values(json).every((value) => isItem(field.message, value));
    default:
      return false;
  }
}

/** An item that is not a message is left to the decoder. */
function isItem(desc: DescMessage | undefined, json: unknown): boolean {
  return desc === undefined || isMessage(desc, json);
}

function isMessage(desc: DescMessage, json: unknown): boolean {
  if (desc.typeName === "google.protobuf.ListValue") return Array.isArray(json);
  if (!isJsonObject(json)) return desc.typeName === "google.protobuf.Value" && Array.isArray(json);
  if (Object.keys(json).length === 0) return true;
  // A null says nothing about the type.
  const keys = Object.keys(json).filter((key) => json[key] !== null);
  if (desc.typeName === "google.protobuf.Any") return keys.includes("@type");
  // A Struct and a Value have any keys. The others are not objects in JSON.
  if (hasCustomJsonRepresentation(desc)) return /\.(?:Struct|Value)$/.test(desc.typeName);
  return desc.fields.some(({ jsonName, name }) => keys.includes(jsonName) || keys.includes(name));
}

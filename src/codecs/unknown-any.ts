import type { DescField, DescMessage, JsonObject, JsonValue, Registry } from "@bufbuild/protobuf";

/**
 * JSON whose google.protobuf.Any fields hold only types that a registry knows.
 *
 * The JSON form of an Any cannot be read without its message type, and an answer may carry any. One that is
 * not known becomes an Any that holds a google.protobuf.Struct: the object as it came, `@type` included. So
 * nothing is lost, and nothing claims to be what it is not.
 *
 * @returns undefined if there was nothing to replace
 */
export function withoutUnknownAnys(
  desc: DescMessage,
  json: JsonValue,
  registry: Registry | undefined,
): JsonValue | undefined {
  const search = new UnknownAnySearch(registry);
  const replaced = search.message(desc, json);
  return search.hasReplaced ? replaced : undefined;
}

class UnknownAnySearch {
  hasReplaced = false;
  readonly #registry: Registry | undefined;

  constructor(registry: Registry | undefined) {
    this.#registry = registry;
  }

  message(desc: DescMessage, json: JsonValue): JsonValue {
    if (!isObject(json)) return json;
    if (desc.typeName === "google.protobuf.Any") return this.#any(json);
    // The other well-known types have JSON forms of their own, in which nothing is an Any.
    if (desc.typeName.startsWith("google.protobuf.")) return json;
    const replaced: JsonObject = { ...json };
    for (const field of desc.fields) {
      for (const key of new Set([field.jsonName, field.name])) {
        const value = json[key];
        if (value !== undefined && field.message !== undefined)
          replaced[key] = this.#field(field, field.message, value);
      }
    }
    return replaced;
  }

  #field(field: DescField, desc: DescMessage, json: JsonValue): JsonValue {
    if (field.fieldKind === "list" && Array.isArray(json))
      return json.map((item) => this.message(desc, item));
    if (field.fieldKind === "map" && isObject(json)) {
      return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, this.message(desc, value)]));
    }
    return this.message(desc, json);
  }

  #any(json: JsonObject): JsonValue {
    const { "@type": typeUrl, ...content } = json;
    if (typeof typeUrl !== "string") return json;
    const desc = this.#registry?.getMessage(typeUrl.slice(typeUrl.lastIndexOf("/") + 1));
    if (desc === undefined) {
      this.hasReplaced = true;
      return { "@type": "type.googleapis.com/google.protobuf.Struct", value: json };
    }
    const known = this.message(desc, content);
    return isObject(known) ? { "@type": typeUrl, ...known } : json;
  }
}

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

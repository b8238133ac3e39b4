// Where google-gax 6.17 makes another request than this client, and why. Each entry says when it applies, by the rule and
// the request alone, and does to our request what google-gax does to its own: a difference is explained only if the two
// are then the same to the last character.
import { isDeepStrictEqual } from "node:util";
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import type { HttpRule } from "../../gen/google/api/http_pb.js";
import { type Meaning, sorted } from "./http-request.ts";
import { pathOf, variablesOf } from "./rule-messages.ts";

export interface Fault {
  readonly reason: string;
  /** Our request as google-gax makes it: the same object where the fault does not apply, undefined for none. */
  imitate(ours: Meaning, method: DescMethod, rule: HttpRule): Meaning | undefined;
}

export const gaxFaults: readonly Fault[] = [
  {
    reason: "it loses names with a word of digits (display_video_360_advertiser_id): the call cannot be made",
    imitate: (ours, _method, rule) =>
      variablesOf(rule).some(({ name }) => hasDigitWord(name)) ? undefined : ours,
  },
  {
    reason: "it loses such a name also where it is the body: all of it goes into the query",
    imitate(ours, method, rule) {
      if (!hasDigitWord(rule.body) || ours.body === undefined) return ours;
      const key = fieldAt(method.input, [rule.body])?.jsonName ?? rule.body;
      const parameters = parametersOf(ours.body, key);
      return parameters.length === 0
        ? ours
        : { ...ours, query: sorted([...ours.query, ...parameters]), body: "" };
    },
  },
  {
    reason: "it finds no line break in what ** stands for: the call cannot be made",
    imitate: (ours, _method, rule) =>
      pathOf(rule).includes("**") && /%0A|%0D|%E2%80%A[89]/.test(ours.path) ? undefined : ours,
  },
  {
    reason: "it leaves out the zero of a number, an enum or a bool in a path: the call cannot be made",
    imitate: (ours, method, rule) =>
      variablesOf(rule).some(({ name }) => isZeroInPath(ours, rule, method, name)) ? undefined : ours,
  },
  {
    reason: "of a field that lies two messages deep it sends the last two names alone (a.b.c=1 as b.c=1)",
    imitate(ours) {
      if (ours.query.every(([key]) => key.split(".").length <= 2)) return ours;
      return {
        ...ours,
        query: sorted(ours.query.map(([key, value]) => [key.split(".").slice(-2).join("."), value])),
      };
    },
  },
  {
    reason: 'where a rule has no body, or the field that is the body says nothing, it sends the JSON text ""',
    imitate(ours, _method, rule) {
      if (rule.body === "*" || ours.verb === "GET" || ours.verb === "DELETE") return ours;
      const saysNothing =
        ours.body === undefined ||
        (typeof ours.body === "object" && Object.keys(ours.body ?? {}).length === 0);
      return saysNothing ? { ...ours, body: "" } : ours;
    },
  },
  {
    reason: 'it makes an object of a list that lies in a list ([[1]] as [{"0":1}])',
    imitate(ours) {
      const body = ours.body === undefined ? undefined : withoutListsInLists(ours.body);
      return isDeepStrictEqual(body, ours.body) ? ours : { ...ours, body };
    },
  },
  {
    reason:
      "bytes in a query: it writes them in the alphabet of JSON (+ and /), we in that of URLs; servers read both",
    imitate(ours, method) {
      const asInJson = ours.query.map(([key, value]) => {
        const field = fieldAt(method.input, key.split("."));
        const isBytes = field?.scalar === ScalarType.BYTES;
        return [key, isBytes ? value.replaceAll("-", "+").replaceAll("_", "/") : value] as const;
      });
      return asInJson.every(([, value], i) => value === ours.query[i]?.[1])
        ? ours
        : { ...ours, query: asInJson };
    },
  },
];

/** `display_video_360_advertiser_link`: google-gax looks for `displayVideo_360AdvertiserLink`. */
function hasDigitWord(name: string): boolean {
  return /_\d+(?:_|\.|$)/.test(name);
}

function parametersOf(json: JsonValue, key: string): (readonly [string, string])[] {
  if (Array.isArray(json)) return json.map((item) => [key, String(item)] as const);
  if (typeof json !== "object" || json === null) return [[key, String(json)]];
  return Object.entries(json).flatMap(([name, value]) => parametersOf(value, `${key}.${name}`));
}

function withoutListsInLists(json: JsonValue): JsonValue {
  if (typeof json !== "object" || json === null) return json;
  if (!Array.isArray(json)) {
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withoutListsInLists(value)]));
  }
  return json.map((item) => withoutListsInLists(Array.isArray(item) ? { ...item } : item));
}

function isZeroInPath(ours: Meaning, rule: HttpRule, method: DescMethod, name: string): boolean {
  const field = fieldAt(method.input, name.split("."));
  if (field === undefined || field.scalar === ScalarType.STRING) return false;
  const before = pathOf(rule).split("{")[0] ?? "";
  const zero = field.enum === undefined ? "(?:0|false)" : field.enum.values[0]?.name;
  return new RegExp(`/${zero}(?:[/:]|$)`).test(ours.path.slice(before.length - 1));
}

/** The field that a path names, by its JSON names or those of the .proto. */
function fieldAt(desc: DescMessage, [name, ...rest]: readonly string[]): DescField | undefined {
  const field = desc.fields.find((candidate) => candidate.jsonName === name || candidate.name === name);
  if (rest.length === 0) return field;
  return field?.message && fieldAt(field.message, rest);
}

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
import { protoCamelCase } from "@bufbuild/protobuf/reflect";
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
    reason:
      "it loses fields with a word of digits (display_video_360_advertiser_id) or a json_name in a path: it makes no call",
    imitate: (ours, method, rule) =>
      variablesOf(rule).some(({ name }) => isLost(method, name)) ? undefined : ours,
  },
  {
    reason: "it loses such a field also where it is the body: all of it goes into the query",
    imitate(ours, method, rule) {
      if (rule.body === "" || rule.body === "*" || !isLost(method, rule.body)) return ours;
      if (ours.body === undefined) return ours;
      const key = fieldAt(method.input, [rule.body])?.jsonName ?? rule.body;
      const parameters = parametersOf(ours.body, key);
      return parameters.length === 0
        ? ours
        : { ...ours, query: sorted([...ours.query, ...parameters]), body: "" };
    },
  },
  {
    reason: "it finds no line break in what ** stands for: it makes no call",
    imitate: (ours, _method, rule) =>
      /%0A|%0D|%E2%80%A[89]/.test(restIn(ours.path, rule)) ? undefined : ours,
  },
  {
    reason: "it leaves out the zero of a number, an enum or a bool in a path: it makes no call",
    imitate: (ours, method, rule) =>
      variablesOf(rule).some(({ name }) => isZeroInPath(ours, rule, method, name)) ? undefined : ours,
  },
  {
    reason:
      "a float in a query: it writes all digits of the double that it is, we those that the float needs; it is the same",
    imitate: (ours, method) =>
      withValues(ours, method, ({ scalar }, value) =>
        scalar === ScalarType.FLOAT ? String(Math.fround(Number(value))) : value,
      ),
  },
  {
    reason:
      "bytes in a query: it writes them in the alphabet of JSON (+ and /), we in that of URLs; servers read both",
    imitate: (ours, method) =>
      withValues(ours, method, ({ scalar }, value) =>
        scalar === ScalarType.BYTES ? value.replaceAll("-", "+").replaceAll("_", "/") : value,
      ),
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
];

/** The same with other texts for values in the query, where they are others. */
function withValues(
  ours: Meaning,
  { input }: DescMethod,
  change: (field: DescField, value: string) => string,
): Meaning {
  const query = ours.query.map(([key, value]) => {
    const field = fieldAt(input, key.split("."));
    return [key, field === undefined ? value : change(field, value)] as const;
  });
  return query.every(([, value], i) => value === ours.query[i]?.[1]) ? ours : { ...ours, query };
}

/** google-gax makes `displayVideo_360Link` of `display_video_360_link`, and knows no `json_name`. */
function isLost(method: DescMethod, path: string): boolean {
  const names = path.split(".");
  return names.some((name, i) => {
    const jsonName = fieldAt(method.input, names.slice(0, i + 1))?.jsonName;
    return /_\d+(?:_|$)/.test(name) || jsonName !== protoCamelCase(name);
  });
}

/** What stands for `**` in a path, as it goes out. */
function restIn(path: string, rule: HttpRule): string {
  const template = pathOf(rule).replace(
    /\{[^}=]+(?:=([^}]*))?\}/g,
    (_variable, pattern: string = "*") => pattern,
  );
  const parts = template.split(/(\*\*?)/).map((part) => {
    return part === "**" ? "(.+)" : part === "*" ? "[^/]+" : part.replace(/[.+?^$()[\]|\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`).exec(path)?.[1] ?? "";
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

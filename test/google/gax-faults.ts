// The faults of google-gax 6.17 that make its requests differ from ours. Each entry decides from the rule and our request
// whether it applies, and then changes our request as google-gax would. A difference is explained only if the changed
// request is equal to that of google-gax.
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
import { type NormalizedRequest, sorted } from "./http-request.ts";
import { pathOf, variablesOf } from "./rule-messages.ts";

export interface Fault {
  readonly reason: string;
  /** Our request with this fault: the same object if it does not apply, undefined if google-gax sends no request. */
  imitate(ours: NormalizedRequest, method: DescMethod, rule: HttpRule): NormalizedRequest | undefined;
}

export const gaxFaults: readonly Fault[] = [
  {
    reason:
      "it loses path fields with a digits-only word (display_video_360_advertiser_id) or a json_name: it sends nothing",
    imitate: (ours, method, rule) =>
      variablesOf(rule).some(({ name }) => isLost(method, name)) ? undefined : ours,
  },
  {
    reason: "it loses such a field as the body, too: its fields go into the query",
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
    reason: "its ** does not match line breaks: it sends nothing",
    imitate: (ours, _method, rule) =>
      /%0A|%0D|%E2%80%A[89]/.test(restIn(ours.path, rule)) ? undefined : ours,
  },
  {
    reason: "it omits zero numbers, enums and bools in a path: it sends nothing",
    imitate: (ours, method, rule) =>
      variablesOf(rule).some(({ name }) => isZeroInPath(ours, rule, method, name)) ? undefined : ours,
  },
  {
    reason:
      "floats in a query: it writes all digits of the double, we write the shortest form of the same float",
    imitate: (ours, method) =>
      withValues(ours, method, ({ scalar }, value) =>
        scalar === ScalarType.FLOAT ? String(Math.fround(Number(value))) : value,
      ),
  },
  {
    reason: "bytes in a query: it writes base64 with + and /, we write URL-safe base64; servers read both",
    imitate: (ours, method) =>
      withValues(ours, method, ({ scalar }, value) =>
        scalar === ScalarType.BYTES ? value.replaceAll("-", "+").replaceAll("_", "/") : value,
      ),
  },
  {
    reason: "it sends only the last two names of a deeper field in a query (a.b.c=1 as b.c=1)",
    imitate(ours) {
      if (ours.query.every(([key]) => key.split(".").length <= 2)) return ours;
      return {
        ...ours,
        query: sorted(ours.query.map(([key, value]) => [key.split(".").slice(-2).join("."), value])),
      };
    },
  },
  {
    reason: 'without a body, or with an empty body field, it sends the JSON text ""',
    imitate(ours, _method, rule) {
      if (rule.body === "*" || ours.verb === "GET" || ours.verb === "DELETE") return ours;
      const isEmpty =
        ours.body === undefined ||
        (typeof ours.body === "object" && Object.keys(ours.body ?? {}).length === 0);
      return isEmpty ? { ...ours, body: "" } : ours;
    },
  },
  {
    reason: 'it turns a list inside a list into an object ([[1]] into [{"0":1}])',
    imitate(ours) {
      const body = ours.body === undefined ? undefined : withoutListsInLists(ours.body);
      return isDeepStrictEqual(body, ours.body) ? ours : { ...ours, body };
    },
  },
];

/** Changes values in the query; returns the same object if none changes. */
function withValues(
  ours: NormalizedRequest,
  { input }: DescMethod,
  change: (field: DescField, value: string) => string,
): NormalizedRequest {
  const query = ours.query.map(([key, value]) => {
    const field = fieldAt(input, key.split("."));
    return [key, field === undefined ? value : change(field, value)] as const;
  });
  return query.every(([, value], i) => value === ours.query[i]?.[1]) ? ours : { ...ours, query };
}

/** Whether google-gax loses a field: it turns `display_video_360_link` into `displayVideo_360Link`, and ignores `json_name`. */
function isLost(method: DescMethod, path: string): boolean {
  const names = path.split(".");
  return names.some((name, i) => {
    const jsonName = fieldAt(method.input, names.slice(0, i + 1))?.jsonName;
    return /_\d+(?:_|$)/.test(name) || jsonName !== protoCamelCase(name);
  });
}

/** The escaped text that matches `**` in a path. */
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

function isZeroInPath(ours: NormalizedRequest, rule: HttpRule, method: DescMethod, name: string): boolean {
  const field = fieldAt(method.input, name.split("."));
  if (field === undefined || field.scalar === ScalarType.STRING) return false;
  const before = pathOf(rule).split("{")[0] ?? "";
  const zero = field.enum === undefined ? "(?:0|false)" : field.enum.values[0]?.name;
  return new RegExp(`/${zero}(?:[/:]|$)`).test(ours.path.slice(before.length - 1));
}

/** Finds a field by its path, in JSON names or the names of the .proto file. */
function fieldAt(desc: DescMessage, [name, ...rest]: readonly string[]): DescField | undefined {
  const field = desc.fields.find((candidate) => candidate.jsonName === name || candidate.name === name);
  if (rest.length === 0) return field;
  return field?.message && fieldAt(field.message, rest);
}

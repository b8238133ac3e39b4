import type { JsonValue } from "@bufbuild/protobuf";

/** A request in JSON, as it would go out. */
export interface HttpRequest {
  readonly verb: string;
  readonly path: string;
  /** Without its `?`. */
  readonly query: string;
  readonly body: string | undefined;
}

/** What a request says, however it is spelt: the order of parameters and of keys, and what is escaped in a query. */
export interface Meaning {
  readonly verb: string;
  /** As it goes out: a path that is escaped in another way is another one. */
  readonly path: string;
  readonly query: readonly (readonly [key: string, value: string])[];
  readonly body: JsonValue | undefined;
}

export function meaningOf({ verb, path, query, body }: HttpRequest): Meaning {
  const parameters = query.split("&").filter((parameter) => parameter !== "");
  return {
    verb,
    path,
    query: sorted(parameters.map(pairOf)),
    body: body === undefined ? undefined : (JSON.parse(body) as JsonValue),
  };
}

/** By key; the values of one key keep their order. */
export function sorted(query: Meaning["query"]): Meaning["query"] {
  return query.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function pairOf(parameter: string): readonly [string, string] {
  const equals = parameter.indexOf("=");
  return [decodeURIComponent(parameter.slice(0, equals)), decodeURIComponent(parameter.slice(equals + 1))];
}

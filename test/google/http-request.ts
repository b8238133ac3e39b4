import type { JsonValue } from "@bufbuild/protobuf";

/** A request in JSON, before it is sent. */
export interface HttpRequest {
  readonly verb: string;
  readonly path: string;
  /** Without its `?`. */
  readonly query: string;
  readonly body: string | undefined;
}

/** A request in a comparable form, whatever its order of parameters and keys, and its escapes in the query. */
export interface NormalizedRequest {
  readonly verb: string;
  /** The escaped path: differently escaped paths are different. */
  readonly path: string;
  readonly query: readonly (readonly [key: string, value: string])[];
  readonly body: JsonValue | undefined;
}

export function normalized({ verb, path, query, body }: HttpRequest): NormalizedRequest {
  const parameters = query.split("&").filter((parameter) => parameter !== "");
  return {
    verb,
    path,
    query: sorted(parameters.map(pairOf)),
    body: body === undefined ? undefined : (JSON.parse(body) as JsonValue),
  };
}

/** Sorts by key; the values of one key keep their order. */
export function sorted(query: NormalizedRequest["query"]): NormalizedRequest["query"] {
  return query.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function pairOf(parameter: string): readonly [string, string] {
  const equals = parameter.indexOf("=");
  return [decodeURIComponent(parameter.slice(0, equals)), decodeURIComponent(parameter.slice(equals + 1))];
}

import type { Message } from "@bufbuild/protobuf";
import type { Binding, PathMismatch, Route } from "./binding.ts";
import { TranscodingError } from "./transcoding-error.ts";

/** The binding and the URL for a message. */
export interface RequestTarget {
  readonly binding: Binding;
  /** The escaped path and query, to append to a base URL that does not end with a slash. */
  readonly target: string;
}

/**
 * Finds the first binding whose path the message can fill, and fills it. Only the path decides: a field that cannot be a
 * query parameter is an error, and no other binding is tried.
 *
 * @throws {@link TranscodingError} if the message cannot fill any path, or has no query for the path that it fills
 */
export function requestTarget(route: Route, message: Message): RequestTarget {
  let mismatches: PathMismatch[] | undefined;
  for (let i = 0; i < route.bindings.length; i++) {
    const binding = route.bindings[i] as Binding;
    const path = binding.fillPath(message);
    if (typeof path === "string") {
      const query = binding.buildQuery(message);
      return { binding, target: query === "" ? path : `${path}?${query}` };
    }
    mismatches ??= [];
    mismatches.push(path);
  }
  throw noBinding(route, mismatches ?? []);
}

function noBinding({ bindings }: Route, mismatches: readonly PathMismatch[]): TranscodingError {
  const [first = { field: "", predicate: "" }] = mismatches;
  if (mismatches.length <= 1) {
    return new TranscodingError(first.field, `${first.predicate} (${bindings[0].template.text})`);
  }
  const others = mismatches.slice(1).map(({ field, predicate }, i) => {
    return `${field} ${predicate} (${bindings[i + 1]?.template.text})`;
  });
  const predicate = `${first.predicate} (${bindings[0].template.text}); ${others.join("; ")}`;
  return new TranscodingError(first.field, predicate);
}

import type { Message } from "@bufbuild/protobuf";
import type { Binding, Route } from "./binding.ts";
import type { Misfit } from "./fill-path.ts";
import { TranscodingError } from "./transcoding-error.ts";

/** Where a message goes. */
export interface RequestTarget {
  readonly binding: Binding;
  /** Path and query, ready to be sent, behind a base URL without a slash at its end. */
  readonly target: string;
}

/**
 * Finds the first binding whose path the message can fill, and fills it. The path alone decides: a field that
 * cannot be a query parameter is an error, not a reason to send the message elsewhere.
 *
 * @throws {@link TranscodingError}, if no binding fits, or the message cannot be sent by the one that does
 */
export function requestTarget(route: Route, message: Message): RequestTarget {
  let misfits: Misfit[] | undefined;
  for (let i = 0; i < route.bindings.length; i++) {
    const binding = route.bindings[i] as Binding;
    const path = binding.fillPath(message);
    if (typeof path === "string") {
      const query = binding.buildQuery(message);
      return { binding, target: query === "" ? path : `${path}?${query}` };
    }
    misfits ??= [];
    misfits.push(path);
  }
  throw noneFits(route, misfits ?? []);
}

function noneFits({ bindings }: Route, misfits: readonly Misfit[]): TranscodingError {
  const [first = { field: "", predicate: "" }] = misfits;
  if (misfits.length <= 1) {
    return new TranscodingError(first.field, `${first.predicate} (${bindings[0].template.text})`);
  }
  const others = misfits.slice(1).map(({ field, predicate }, i) => {
    return `${field} ${predicate} (${bindings[i + 1]?.template.text})`;
  });
  const predicate = `${first.predicate} (${bindings[0].template.text}); ${others.join("; ")}`;
  return new TranscodingError(first.field, predicate);
}

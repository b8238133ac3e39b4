import type { DescField } from "@bufbuild/protobuf";
import type { FieldPath } from "./field-path.ts";

/** A set of field paths as a tree. `"whole"` marks the end of a path. */
export type FieldTree = ReadonlyMap<DescField, FieldTree | "whole">;

/** Builds the tree of some paths. No path may be the beginning of another one. */
export function fieldTree(paths: Iterable<FieldPath>): FieldTree {
  const root = new Map<DescField, FieldTree | "whole">();
  for (const path of paths) {
    let level = root;
    for (const field of path.slice(0, -1)) {
      const next = level.get(field);
      const branch =
        next === undefined || next === "whole" ? new Map<DescField, FieldTree | "whole">() : next;
      level.set(field, branch);
      level = branch as Map<DescField, FieldTree | "whole">;
    }
    const last = path.at(-1);
    if (last !== undefined) level.set(last, "whole");
  }
  return root;
}

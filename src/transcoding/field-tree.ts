import type { DescField } from "@bufbuild/protobuf";
import type { FieldPath } from "./binding.ts";

/** The fields at the ends of some paths, as a tree. `"whole"` is the end of a path. */
export type FieldTree = ReadonlyMap<DescField, FieldTree | "whole">;

/** Puts paths into one tree. None of them may lead through the end of another. */
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

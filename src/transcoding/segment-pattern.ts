import type { Segment } from "./path-template.ts";

/** Segments of a template, to hold those of a path against. */
export interface SegmentPattern {
  readonly segments: readonly Segment[];
  /** The place of `**`; -1 if there is none. */
  readonly rest: number;
}

export function segmentPattern(segments: readonly Segment[]): SegmentPattern {
  return { segments, rest: segments.findIndex(({ kind }) => kind === "**") };
}

/**
 * Whether a path fits. An empty segment does only among several that `**` stands for, because the names of stored
 * objects hold those (`a//b`, `folder/`): `/jobs//run` is not the job with the id "".
 *
 * @param path its segments, decoded; undefined for one that cannot be
 */
export function matchSegments(
  pattern: SegmentPattern,
  path: readonly (string | undefined)[],
): "fits" | "differs" | "empty" {
  const { segments, rest } = pattern;
  const surplus = path.length - segments.length;
  if (surplus < 0 || (surplus > 0 && rest < 0)) return "differs";
  let isFull = true;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as Segment;
    if (i === rest && surplus > 0) continue;
    const text = path[placeIn(path, pattern, i)];
    if (segment.kind === "literal" && segment.text !== text) return "differs";
    if (text === "") isFull = false;
  }
  return isFull ? "fits" : "empty";
}

/** Where in a path that fits a segment of the pattern is: behind `**`, further on by what that is longer than one. */
export function placeIn(path: readonly unknown[], { segments, rest }: SegmentPattern, index: number): number {
  return rest >= 0 && index > rest ? index + path.length - segments.length : index;
}

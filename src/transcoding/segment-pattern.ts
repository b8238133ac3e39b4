import type { Segment } from "./path-template.ts";

/** The segments of a template, as a pattern for the segments of a path. */
export interface SegmentPattern {
  readonly segments: readonly Segment[];
  /** The index of `**`; -1 if there is none. */
  readonly rest: number;
}

export function segmentPattern(segments: readonly Segment[]): SegmentPattern {
  return { segments, rest: segments.findIndex(({ kind }) => kind === "**") };
}

/**
 * Matches a path. Empty segments match only among several segments of `**`, because the names of stored objects have them
 * (`a//b`, `folder/`). Elsewhere the result is `"empty"`: `/jobs//run` does not run the job with the id "".
 *
 * @param path the decoded segments; undefined for a segment that cannot be decoded
 */
export function matchSegments(
  pattern: SegmentPattern,
  path: readonly (string | undefined)[],
): "matches" | "differs" | "empty" {
  const { segments, rest } = pattern;
  const surplus = path.length - segments.length;
  if (surplus < 0 || (surplus > 0 && rest < 0)) return "differs";
  let hasNoEmpty = true;
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i] as Segment;
    if (i === rest && surplus > 0) continue;
    const text = path[indexInPath(path, pattern, i)];
    if (segment.kind === "literal" && segment.text !== text) return "differs";
    if (text === "") hasNoEmpty = false;
  }
  return hasNoEmpty ? "matches" : "empty";
}

/** The index in a matching path of a segment of the pattern: after `**`, indexes are shifted by its additional segments. */
export function indexInPath(
  path: readonly unknown[],
  { segments, rest }: SegmentPattern,
  index: number,
): number {
  return rest >= 0 && index > rest ? index + path.length - segments.length : index;
}

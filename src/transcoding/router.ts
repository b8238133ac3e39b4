import type { Binding, Route } from "./binding.ts";
import type { Segment } from "./path-template.ts";
import { unescapeSegment, unescapeSegments } from "./percent-encoding.ts";
import { matchSegments, placeIn, type SegmentPattern, segmentPattern } from "./segment-pattern.ts";
import { TranscodingError } from "./transcoding-error.ts";

/** A binding that a request's path fits, and what the path holds for its variables. */
export interface RouteMatch {
  readonly binding: Binding;
  /** The texts of `binding.variables`, in their order, decoded. */
  readonly values: readonly string[];
}

/** Finds the binding for a request. */
export interface Router {
  /**
   * @param verb the HTTP method
   * @param rawPath the path as it came, percent-encoded, without the query
   * @returns undefined if no binding has such a path
   * @throws TranscodingError if the path fits, but holds an escape that is none
   */
  match(verb: string, rawPath: string): RouteMatch | "method-not-allowed" | undefined;
}

/**
 * Makes a router over the bindings of some routes.
 *
 * A path is divided into segments before it is decoded, so that an id with `%2F` in it stays one segment.
 * Where several templates fit, the more specific one wins, whatever their order: segment by segment from the
 * left, text before `*` before `**`, a template with a verb before one without, and one that goes on behind
 * `**` before one that ends there. Of two that are alike, the one that came first wins.
 */
export function createRouter(routes: Iterable<Route>): Router {
  const shapes = [...routes].flatMap(({ bindings }) => bindings.map(wireSchemaOf)).sort(bySpecificity);
  return {
    match(verb, rawPath) {
      if (!rawPath.startsWith("/")) return undefined;
      const path = splitPath(rawPath);
      let isKnown = false;
      for (const shape of shapes) {
        if (!fits(shape, path)) continue;
        if (shape.binding.verb === verb) return { binding: shape.binding, values: valuesOf(shape, path) };
        isKnown = true;
      }
      return isKnown ? "method-not-allowed" : undefined;
    },
  };
}

/** A template as a router sees it. */
interface Shape {
  readonly binding: Binding;
  readonly pattern: SegmentPattern;
  /** Where the variables are: the first segment, and the one behind the last. */
  readonly spans: readonly (readonly [number, number])[];
  /** Decoded. */
  readonly verb: string | undefined;
}

function wireSchemaOf(binding: Binding): Shape {
  const { parts, verb } = binding.template;
  const segments: Segment[] = [];
  const spans: [number, number][] = [];
  for (const part of parts) {
    const start = segments.length;
    segments.push(...(part.kind === "variable" ? part.segments : [part]));
    if (part.kind === "variable") spans.push([start, segments.length]);
  }
  return { binding, pattern: segmentPattern(segments), spans, verb: verb && unescapeSegment(verb) };
}

const rank = { literal: 0, "*": 1, "**": 2 } as const;

function bySpecificity({ pattern: a, verb }: Shape, { pattern: b, verb: otherVerb }: Shape): number {
  const length = Math.min(a.segments.length, b.segments.length);
  for (let i = 0; i < length; i++) {
    const difference = rank[a.segments[i]?.kind ?? "**"] - rank[b.segments[i]?.kind ?? "**"];
    if (difference !== 0) return difference;
  }
  return (
    Number(verb === undefined) - Number(otherVerb === undefined) || b.segments.length - a.segments.length
  );
}

interface SplitPath {
  readonly raw: readonly string[];
  readonly decoded: readonly (string | undefined)[];
  /** The segments that end before a `:` in the last one, for templates with a verb. */
  cut(verb: string): SplitPath | undefined;
}

function splitPath(rawPath: string): SplitPath {
  return pathOf(rawPath.slice(1).split("/"));
}

function pathOf(raw: readonly string[]): SplitPath {
  return {
    raw,
    decoded: raw.map(unescapeSegment),
    cut(verb) {
      const last = raw.at(-1) ?? "";
      // Only a `:` that is not encoded divides: the client encodes those of its values.
      for (let at = last.indexOf(":"); at >= 0; at = last.indexOf(":", at + 1)) {
        if (unescapeSegment(last.slice(at + 1)) === verb) {
          return pathOf([...raw.slice(0, -1), last.slice(0, at)]);
        }
      }
      return undefined;
    },
  };
}

function fits({ pattern, verb }: Shape, path: SplitPath): boolean {
  const cut = verb === undefined ? path : path.cut(verb);
  return cut !== undefined && matchSegments(pattern, cut.decoded) === "fits";
}

const noPath = { raw: [] };

function valuesOf({ binding, pattern, spans, verb }: Shape, path: SplitPath): string[] {
  const { raw } = (verb === undefined ? path : path.cut(verb)) ?? noPath;
  return binding.variables.map(({ name, multiSegment }, i) => {
    const [start, end] = spans[i] ?? [0, 0];
    const text = raw.slice(placeIn(raw, pattern, start), placeIn(raw, pattern, end)).join("/");
    const value = multiSegment ? unescapeSegments(text) : unescapeSegment(text);
    if (value === undefined) throw new TranscodingError(name, "is not percent-encoded UTF-8");
    return value;
  });
}

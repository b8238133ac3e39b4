import type { Binding, Route } from "./binding.ts";
import type { Segment } from "./path-template.ts";
import { unescapeSegment, unescapeSegments } from "./percent-encoding.ts";
import { indexInPath, matchSegments, type SegmentPattern, segmentPattern } from "./segment-pattern.ts";
import { TranscodingError } from "./transcoding-error.ts";

/** The binding that matches a request's path, and the values of its variables. */
export interface RouteMatch {
  readonly binding: Binding;
  /** The decoded texts of `binding.variables`, in the same order. */
  readonly values: readonly string[];
}

/** Finds the binding for a request. */
export interface Router {
  /**
   * @param verb the HTTP method
   * @param rawPath the percent-encoded path, without the query
   * @returns undefined if no binding matches the path
   * @throws TranscodingError if the path matches, but has an invalid escape
   */
  match(verb: string, rawPath: string): RouteMatch | "method-not-allowed" | undefined;
}

/**
 * Creates a router for the bindings of some routes.
 *
 * It splits a path into segments before it decodes them, so that an id with `%2F` stays one segment. If several templates
 * match, the most specific one wins, whatever their order. Segments are compared from the left: literals win over `*`, and
 * `*` over `**`. Then a template with a verb wins over one without, and a template that continues after `**` over one that
 * ends there. Of two equal templates, the first one wins.
 */
export function createRouter(routes: Iterable<Route>): Router {
  const templates = [...routes].flatMap(({ bindings }) => bindings.map(flatTemplate)).sort(bySpecificity);
  return {
    match(verb, rawPath) {
      if (!rawPath.startsWith("/")) return undefined;
      const path = splitPath(rawPath);
      let isKnown = false;
      for (const template of templates) {
        if (!matches(template, path)) continue;
        const { binding } = template;
        if (binding.verb === verb) return { binding, values: valuesOf(template, path) };
        isKnown = true;
      }
      return isKnown ? "method-not-allowed" : undefined;
    },
  };
}

/** A template as a flat list of segments. */
interface FlatTemplate {
  readonly binding: Binding;
  readonly pattern: SegmentPattern;
  /** The segments of the variables: the index of the first one, and the index after the last one. */
  readonly spans: readonly (readonly [number, number])[];
  /** The decoded verb. */
  readonly verb: string | undefined;
}

function flatTemplate(binding: Binding): FlatTemplate {
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

function bySpecificity(
  { pattern: a, verb }: FlatTemplate,
  { pattern: b, verb: otherVerb }: FlatTemplate,
): number {
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
  /** The path without its verb, for templates with a verb; undefined if the path does not end with it. */
  withoutVerb(verb: string): SplitPath | undefined;
}

function splitPath(rawPath: string): SplitPath {
  return pathOf(rawPath.slice(1).split("/"));
}

function pathOf(raw: readonly string[]): SplitPath {
  return {
    raw,
    decoded: raw.map(unescapeSegment),
    withoutVerb(verb) {
      const last = raw.at(-1) ?? "";
      // A verb follows a `:` that is not encoded: the client encodes those of its values.
      for (let at = last.indexOf(":"); at >= 0; at = last.indexOf(":", at + 1)) {
        if (unescapeSegment(last.slice(at + 1)) === verb) {
          return pathOf([...raw.slice(0, -1), last.slice(0, at)]);
        }
      }
      return undefined;
    },
  };
}

function matches({ pattern, verb }: FlatTemplate, path: SplitPath): boolean {
  const split = verb === undefined ? path : path.withoutVerb(verb);
  return split !== undefined && matchSegments(pattern, split.decoded) === "matches";
}

const noPath = { raw: [] };

function valuesOf({ binding, pattern, spans, verb }: FlatTemplate, path: SplitPath): string[] {
  const { raw } = (verb === undefined ? path : path.withoutVerb(verb)) ?? noPath;
  return binding.variables.map(({ name, multiSegment }, i) => {
    const [start, end] = spans[i] ?? [0, 0];
    const text = raw.slice(indexInPath(raw, pattern, start), indexInPath(raw, pattern, end)).join("/");
    const value = multiSegment ? unescapeSegments(text) : unescapeSegment(text);
    if (value === undefined) throw new TranscodingError(name, "is not percent-encoded UTF-8");
    return value;
  });
}

import type { PathFiller, PathMismatch, PathVariable } from "./binding.ts";
import { fieldPathReader } from "./field-value.ts";
import type { PathTemplate } from "./path-template.ts";
import { escapeSegment, escapeSegments } from "./percent-encoding.ts";
import { matchSegments, type SegmentPattern, segmentPattern } from "./segment-pattern.ts";

/**
 * Compiles the function that fills a path template.
 *
 * It does not accept values that would reach another method or resource: an empty value names another resource, and URL
 * parsers remove the segments `.` and `..` (`%2e` as well), and may remove empty segments. Only the value of `**` may have
 * empty segments, because the names of stored objects do (`a//b`, `folder/`).
 *
 * @throws TranscodingError (the function) if a value is not of its field's type
 */
export function compilePathFiller(template: PathTemplate, variables: readonly PathVariable[]): PathFiller {
  const [head = "", ...tails] = textAround(template);
  const fillers = variables.map(compileVariable);
  return (message) => {
    let path = head;
    for (let i = 0; i < fillers.length; i++) {
      const text = fillers[i]?.(message) ?? "";
      if (typeof text !== "string") return text;
      path += text + tails[i];
    }
    return path;
  };
}

/** The text before, between and after the variables. */
function textAround({ parts, verb }: PathTemplate): string[] {
  const texts = [""];
  const append = (text: string) => texts.push((texts.pop() ?? "") + text);
  for (const part of parts) {
    append("/");
    if (part.kind === "variable") texts.push("");
    else if (part.kind === "literal") append(part.raw);
  }
  if (verb !== undefined) append(`:${verb}`);
  return texts;
}

function compileVariable({ name, field, text, segments, multiSegment }: PathVariable): PathFiller {
  const read = fieldPathReader(field);
  const parent = name.slice(0, name.lastIndexOf(".") + 1);
  const mismatch = (predicate: string): PathMismatch => ({ field: name, predicate });
  const notSet = mismatch("is not set, and the path needs it");
  const empty = mismatch("is empty, and the path needs it");
  const malformed = mismatch("is not well-formed Unicode");
  const escapeValue = multiSegment ? escapeSegments : escapeSegment;
  const [only] = segments;
  const pattern = segmentPattern(segments);
  const problemOf =
    only?.kind === "*" && !multiSegment
      ? (value: string) => segmentProblem(value)
      : (value: string) => segmentsProblem(value, pattern);
  return (message) => {
    const value = read(message);
    if (value === undefined) return notSet;
    const written = text.write(value, parent);
    if (written === "") return empty;
    const problem = problemOf(written);
    if (problem !== undefined) return mismatch(problem);
    return escapeValue(written) ?? malformed;
  };
}

function segmentProblem(value: string): string | undefined {
  return value === "." || value === ".." ? `is "${value}", which URL normalization would remove` : undefined;
}

function segmentsProblem(value: string, pattern: SegmentPattern): string | undefined {
  const segments = value.split("/");
  const result = matchSegments(pattern, segments);
  if (result === "differs") return `is ${shown(value)}, which does not match "${patternText(pattern)}"`;
  if (result === "empty") return "has an empty segment, which URL normalization may remove";
  const dots = segments.find((segment) => segment === "." || segment === "..");
  return dots && `has the segment "${dots}", which URL normalization would remove`;
}

function patternText({ segments }: SegmentPattern): string {
  return segments.map((segment) => (segment.kind === "literal" ? segment.raw : segment.kind)).join("/");
}

/** In characters. */
const LONGEST_SHOWN = 40;

function shown(value: string): string {
  return JSON.stringify(value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value);
}

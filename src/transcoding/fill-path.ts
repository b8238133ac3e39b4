import type { Message } from "@bufbuild/protobuf";
import type { PathVariable } from "./binding.ts";
import { fieldPathReader } from "./field-value.ts";
import type { PathTemplate } from "./path-template.ts";
import { escapeSegment, escapeSegments } from "./percent-encoding.ts";
import { matchSegments, type SegmentPattern, segmentPattern } from "./segment-pattern.ts";

/** Why a message cannot fill a path: the field, and what is wrong with it. */
export interface Misfit {
  readonly field: string;
  readonly predicate: string;
}

/** Writes the path for a message, ready to be sent, or says why the message does not fit it. */
export type PathFiller = (message: Message) => string | Misfit;

/**
 * Makes the function that fills a template.
 *
 * What it refuses would not reach the method it was meant for: an empty value names another resource, `.` and
 * `..` are swallowed by URL parsers (in the form `%2e` as well), and so may be an empty segment. Only what `**` stands
 * for may hold those, because the names of stored objects do (`a//b`, `folder/`).
 *
 * @throws TranscodingError (the filler), if a value is not of its field's type
 */
export function compilePath(template: PathTemplate, variables: readonly PathVariable[]): PathFiller {
  const [head = "", ...tails] = textBetween(template);
  const slots = variables.map(compileSlot);
  return (message) => {
    let path = head;
    for (let i = 0; i < slots.length; i++) {
      const text = slots[i]?.(message) ?? "";
      if (typeof text !== "string") return text;
      path += text + tails[i];
    }
    return path;
  };
}

/** The text before, between and behind the variables. */
function textBetween({ parts, verb }: PathTemplate): string[] {
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

function compileSlot({ name, field, text, segments, multiSegment }: PathVariable): PathFiller {
  const read = fieldPathReader(field);
  const parent = name.slice(0, name.lastIndexOf(".") + 1);
  const misfit = (predicate: string): Misfit => ({ field: name, predicate });
  const notSet = misfit("is not set, and the path needs it");
  const empty = misfit("is empty, and the path needs it");
  const malformed = misfit("is not well-formed Unicode");
  const escaped = multiSegment ? escapeSegments : escapeSegment;
  const [only] = segments;
  const pattern = segmentPattern(segments);
  const whyNot =
    only?.kind === "*" && !multiSegment
      ? (value: string) => whySegmentIsNot(value)
      : (value: string) => whySegmentsAreNot(value, pattern);
  return (message) => {
    const value = read(message);
    if (value === undefined) return notSet;
    const written = text.write(value, parent);
    if (written === "") return empty;
    const reason = whyNot(written);
    if (reason !== undefined) return misfit(reason);
    return escaped(written) ?? malformed;
  };
}

function whySegmentIsNot(value: string): string | undefined {
  return value === "." || value === ".." ? `is "${value}", which a URL swallows` : undefined;
}

function whySegmentsAreNot(value: string, pattern: SegmentPattern): string | undefined {
  const segments = value.split("/");
  const result = matchSegments(pattern, segments);
  if (result === "differs") return `is ${shown(value)}, which does not match "${patternText(pattern)}"`;
  if (result === "empty") return "has an empty segment, which a URL may swallow";
  const dots = segments.find((segment) => segment === "." || segment === "..");
  return dots && `has the segment "${dots}", which a URL swallows`;
}

function patternText({ segments }: SegmentPattern): string {
  return segments.map((segment) => (segment.kind === "literal" ? segment.raw : segment.kind)).join("/");
}

const longestShown = 40;

function shown(value: string): string {
  return JSON.stringify(value.length > longestShown ? `${value.slice(0, longestShown)}…` : value);
}

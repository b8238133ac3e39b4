import { type DescMessage, equals, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { TranscodingError } from "../../src/transcoding/transcoding-error.ts";
import { bodies } from "./rows/bodies.ts";
import { multiSegmentPaths, refusedPatterns } from "./rows/multi-segment-paths.ts";
import { pathValues, wrongPathValues } from "./rows/path-values.ts";
import { queryShapes, refusedInQuery } from "./rows/query-shapes.ts";
import { queryValues, wrongQueryValues } from "./rows/query-values.ts";
import { noBinding, severalBindings } from "./rows/several-bindings.ts";
import { refusedSegments, singleSegmentPaths } from "./rows/single-segment-paths.ts";
import type { RefusedRow, SentRow } from "./support/row.ts";
import { thrownBy } from "./support/thrown-by.ts";
import { bodyJson, readBack, routeFor, transcode } from "./support/transcode.ts";

const sentRows: Readonly<Record<string, readonly SentRow[]>> = {
  "a path variable of one segment": singleSegmentPaths,
  "a path variable of several segments": multiSegmentPaths,
  "a value in a path": pathValues,
  "a value in a query": queryValues,
  "a message in a query": queryShapes,
  "a body": bodies,
  "several bindings": severalBindings,
};

const refusedRows: Readonly<Record<string, readonly RefusedRow[]>> = {
  "a segment": refusedSegments,
  "a pattern": refusedPatterns,
  "a value in a path": wrongPathValues,
  "a value in a query": wrongQueryValues,
  "what cannot be in a query": refusedInQuery,
  "several bindings": noBinding,
};

describe.each(Object.entries(sentRows))("sends %s", (_, rows) => {
  test.each(rows.map((row) => [`${row.request} [${row.source}]`, row] as const))("%s", (_, row) => {
    const route = routeFor(row.rules, row.message, row.queryFieldMask);
    const { input } = route.method;
    const before = toBinary(input, row.message as MessageShape<DescMessage>);

    const transcoded = transcode(route, row.message);
    expect(transcoded.request).toBe(row.request);
    expect(bodyJson(transcoded.content)).toEqual(row.body);

    const back = readBack(route, transcoded);
    expect(sameMessage(input, back, row.comesBackAs ?? row.message)).toBe(true);
    expect(toBinary(input, row.message as MessageShape<DescMessage>)).toEqual(before);
  });
});

describe.each(Object.entries(refusedRows))("refuses %s", (_, rows) => {
  test.each(rows.map((row) => [`${row.error} [${row.source}]`, row] as const))("%s", (_, row) => {
    const route = routeFor(row.rules, row.message, row.queryFieldMask);
    const error = thrownBy(() => transcode(route, row.message));
    expect(error).toBeInstanceOf(TranscodingError);
    expect(error).toHaveProperty("message", row.error);
    expect(error).toHaveProperty("field", row.error.split(" ", 1)[0]);
  });
});

test("the table has its rows", () => {
  const rows = [...Object.values(sentRows), ...Object.values(refusedRows)].flat();
  expect(rows.length).toBeGreaterThan(220);
});

/** protobuf-es compares NaN as unequal to itself: then the bytes decide. */
function sameMessage(desc: DescMessage, a: unknown, b: unknown): boolean {
  const left = a as MessageShape<DescMessage>;
  const right = b as MessageShape<DescMessage>;
  return equals(desc, left, right) || Buffer.compare(toBinary(desc, left), toBinary(desc, right)) === 0;
}

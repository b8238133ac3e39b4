import { type DescMessage, equals, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { TranscodingError } from "../../src/transcoding/transcoding-error.ts";
import { bodies } from "./rows/bodies.ts";
import { invalidPatterns, multiSegmentPaths } from "./rows/multi-segment-paths.ts";
import { invalidPathValues, pathValues } from "./rows/path-values.ts";
import { queryMessages, unsupportedInQuery } from "./rows/query-messages.ts";
import { invalidQueryValues, queryValues } from "./rows/query-values.ts";
import { noBinding, severalBindings } from "./rows/several-bindings.ts";
import { invalidSegments, singleSegmentPaths } from "./rows/single-segment-paths.ts";
import type { InvalidRow, SentRow } from "./support/row.ts";
import { thrownBy } from "./support/thrown-by.ts";
import { bodyJson, readBack, routeFor, transcode } from "./support/transcode.ts";

const sentRows: Readonly<Record<string, readonly SentRow[]>> = {
  "a path variable of one segment": singleSegmentPaths,
  "a path variable of several segments": multiSegmentPaths,
  "a value in a path": pathValues,
  "a value in a query": queryValues,
  "a message in a query": queryMessages,
  "a body": bodies,
  "several bindings": severalBindings,
};

const invalidRows: Readonly<Record<string, readonly InvalidRow[]>> = {
  "a segment": invalidSegments,
  "a pattern": invalidPatterns,
  "a value in a path": invalidPathValues,
  "a value in a query": invalidQueryValues,
  "a field that cannot be in a query": unsupportedInQuery,
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
    expect(sameMessage(input, back, row.readAs ?? row.message)).toBe(true);
    expect(toBinary(input, row.message as MessageShape<DescMessage>)).toEqual(before);
  });
});

describe.each(Object.entries(invalidRows))("rejects %s", (_, rows) => {
  test.each(rows.map((row) => [`${row.error} [${row.source}]`, row] as const))("%s", (_, row) => {
    const route = routeFor(row.rules, row.message, row.queryFieldMask);
    const error = thrownBy(() => transcode(route, row.message));
    expect(error).toBeInstanceOf(TranscodingError);
    expect(error).toHaveProperty("message", row.error);
    expect(error).toHaveProperty("field", row.error.split(" ", 1)[0]);
  });
});

test("the table has more than 220 rows", () => {
  const rows = [...Object.values(sentRows), ...Object.values(invalidRows)].flat();
  expect(rows.length).toBeGreaterThan(220);
});

/** Compares the bytes if the messages differ, because protobuf-es treats NaN as unequal to itself. */
function sameMessage(desc: DescMessage, a: unknown, b: unknown): boolean {
  const left = a as MessageShape<DescMessage>;
  const right = b as MessageShape<DescMessage>;
  return equals(desc, left, right) || Buffer.compare(toBinary(desc, left), toBinary(desc, right)) === 0;
}

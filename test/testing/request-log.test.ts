import { expect, test } from "vitest";
import { type RecordedRequest, RequestLog } from "../../src/testing/server/request-log.ts";

const record = (path: string) => ({ path }) as RecordedRequest;

test("keeps only the last requests", () => {
  const log = new RequestLog(2);
  const { records } = log;
  for (const path of ["/a", "/b", "/c"]) log.add(record(path));
  expect(records.map(({ path }) => path)).toEqual(["/b", "/c"]);
  expect(log.count).toBe(3);
});

test("keeps no request with a limit of 0, but counts them", async () => {
  const log = new RequestLog(0);
  const two = log.reached(2);
  log.add(record("/a"));
  log.add(record("/b"));
  await two;
  expect(log.records).toEqual([]);
});

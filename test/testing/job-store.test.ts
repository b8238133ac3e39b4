import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { Code } from "../../src/errors/code.ts";
import { type JobAction, type JobState, JobStore, nextState } from "../../src/testing/jobs/job-store.ts";

describe("the state of a job", () => {
  test.each<[from: JobState, action: JobAction, to: JobState | undefined]>([
    ["draft", "run", "running"],
    ["draft", "abort", "deleted"],
    ["draft", "delete", "deleted"],
    ["running", "run", undefined],
    ["running", "abort", "aborted"],
    ["running", "delete", "deleted"],
    ["aborted", "run", undefined],
    ["aborted", "abort", "aborted"],
    ["aborted", "delete", "deleted"],
    ["deleted", "run", undefined],
    ["deleted", "abort", undefined],
    ["deleted", "delete", undefined],
  ])("%s, %s: %s", (from, action, to) => {
    expect(nextState(from, action)).toBe(to);
  });
});

function storeWith(...ids: string[]): JobStore {
  const store = new JobStore();
  for (const id of ids) store.add(id);
  return store;
}

test("running a job keeps its config and counts", () => {
  const store = storeWith("a");
  const config = create(JobConfigSchema, { taskTimeout: 5n });
  expect(store.run("a", config)).toEqual({ id: "a", state: "running", config, runs: 1 });
  expect(store.get("a")).toEqual({ id: "a", state: "running", config, runs: 1 });
});

test("a running job cannot be run, and does not change", () => {
  const store = storeWith("a");
  store.run("a", undefined);
  expect(() => store.run("a", undefined)).toThrow(expect.objectContaining({ code: Code.FailedPrecondition }));
  expect(store.get("a")?.runs).toBe(1);
});

test("an unknown or deleted job is not found", () => {
  const store = storeWith("a");
  store.delete("a");
  const notFound = expect.objectContaining({ code: Code.NotFound });
  for (const id of ["a", "b", ""]) {
    expect(() => store.run(id, undefined)).toThrow(notFound);
    expect(() => store.abort(id)).toThrow(notFound);
    expect(() => store.delete(id)).toThrow(notFound);
  }
  expect(store.get("a")?.state).toBe("deleted");
});

test.each([{ taskTimeout: -1n }, { jobTimeout: -1n }])("a negative timeout is rejected: %o", (config) => {
  const store = storeWith("a");
  expect(() => store.run("a", create(JobConfigSchema, config))).toThrow(
    expect.objectContaining({ code: Code.InvalidArgument }),
  );
  expect(store.get("a")?.state).toBe("draft");
});

test("an id can be used again only after its job is deleted", () => {
  const store = storeWith("a");
  expect(() => store.add("a")).toThrow('there is a job "a" already; it is draft');
  store.delete("a");
  store.add("a");
  expect(store.get("a")?.state).toBe("draft");
});

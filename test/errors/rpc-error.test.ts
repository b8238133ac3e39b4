import { inspect } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { Code, codeFromProtobufName, codeName } from "../../src/errors/code.ts";
import { codeFromHttpStatus, httpStatusFromCode } from "../../src/errors/http-status.ts";
import { worseOutcome } from "../../src/errors/outcome.ts";
import { RpcError } from "../../src/errors/rpc-error.ts";
import { JobsError } from "../../src/jobs/jobs-error.ts";

const init = { code: Code.NotFound, reason: "no job 42", outcome: "rejected" } as const;

describe("RpcError", () => {
  test("its message is one line with the rpc, the code and the server's message", () => {
    const error = new RpcError({ ...init, method: "pkg.Service/Method", status: 404 });
    expect(error.message).toBe("pkg.Service/Method: NotFound (HTTP 404): no job 42");
    expect(new RpcError({ ...init, reason: "two\r\nlines\u2028and\tmore" }).message).toBe(
      "NotFound: two lines and more",
    );
    expect(new RpcError({ ...init, reason: "x".repeat(10_000) }).message.length).toBeLessThan(600);
  });

  test("instanceof recognizes an error of another installed copy", async () => {
    // A query makes Node.js load the module a second time, like a second installed copy.
    const path = "../../src/errors/rpc-error.ts?copy";
    const copy = (await import(/* @vite-ignore */ path)) as { RpcError: typeof RpcError };
    expect(copy.RpcError).not.toBe(RpcError);
    expect(new copy.RpcError(init)).toBeInstanceOf(RpcError);
    expect(new RpcError(init)).toBeInstanceOf(copy.RpcError);
    expect(new Error("another")).not.toBeInstanceOf(RpcError);
    expect(undefined).not.toBeInstanceOf(RpcError);
  });

  test("instanceof distinguishes a subclass from its parent", () => {
    class Special extends RpcError {}
    const jobsError = new JobsError(create(GenericResponseSchema), init);
    expect(jobsError).toBeInstanceOf(RpcError);
    expect(jobsError).toBeInstanceOf(JobsError);
    expect(jobsError).not.toBeInstanceOf(Special);
    expect(new RpcError(init)).not.toBeInstanceOf(JobsError);
    expect(new Special(init)).toBeInstanceOf(Special);
  });

  test("findDetails decodes the details of one message type, in either encoding", () => {
    const binary = {
      typeUrl: "type.googleapis.com/google.rpc.ErrorInfo",
      value: toBinary(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "QUOTA" })),
    };
    const json = {
      typeUrl: "type.googleapis.com/google.rpc.ErrorInfo",
      json: { reason: "STOCK", unknown: 1 },
    };
    const unknown = { typeUrl: "example.com/not.Known", value: new Uint8Array([1]) };
    const broken = { typeUrl: "x/google.rpc.ErrorInfo", value: new Uint8Array([0xff]) };
    const error = new RpcError({ ...init, details: [unknown, binary, broken, json] });
    expect(error.findDetails(ErrorInfoSchema).map(({ reason }) => reason)).toEqual(["QUOTA", "STOCK"]);
    expect(error.findDetails(RetryInfoSchema)).toEqual([]);
    expect(error.details).toHaveLength(4);
  });

  test("util.inspect shows the message, the outcome and the cause", () => {
    const text = inspect(new RpcError({ ...init, cause: new Error("below") }));
    expect(text).toContain("NotFound: no job 42");
    expect(text).toContain("outcome: 'rejected'");
    expect(text).toContain("below");
  });

  test("headers, body and details can be read, but are not enumerable", () => {
    const headers = { "set-cookie": "session" };
    const body = new TextEncoder().encode("a body");
    const details = [{ typeUrl: "example.com/a.Detail", value: body }];
    const error = new RpcError({ ...init, headers, body, details });
    const response = create(GenericResponseSchema, { error: { code: 5n, message: "no job" } });
    const jobsError = new JobsError(response, { ...init, headers, body, details });
    for (const each of [error, jobsError]) {
      const logged = each === error ? ["message", "details"] : ["message", "details", "requestId"];
      expect(each).toMatchObject({ headers, body, details });
      const shown = ["code", "reason", "outcome", "method", "status", "attempts", "history", "name"];
      expect(new Set(Object.keys(each))).toEqual(new Set(shown));
      const copied: string[] = [];
      for (const name in each) copied.push(name);
      expect(new Set(copied)).toEqual(new Set(shown));
      expect(inspect(each)).not.toMatch(/set-cookie|Uint8Array|GenericResponse|a\.Detail/);
      expect(Object.keys(each.toJSON()).filter((name) => !shown.includes(name))).toEqual(logged);
    }
    expect(jobsError.response).toBe(response);
    expect(jobsError.error).toBe(response.error);
    expect(jobsError).toHaveProperty("error.message", "no job");
  });
});

test("toJSON names the codes of attempts and rounds their times", () => {
  const history = [
    { code: Code.Unavailable, status: 503, outcome: "rejected", durationMs: 1.23456789, waitedMs: 100 },
    { code: Code.NotFound, status: 404, outcome: "rejected", durationMs: 2 },
  ] as const;
  const error = new RpcError({ ...init, attempts: 2, history });
  expect(JSON.parse(JSON.stringify(error)).history).toEqual([
    { code: "Unavailable", status: 503, outcome: "rejected", durationMs: 1.235, waitedMs: 100 },
    { code: "NotFound", status: 404, outcome: "rejected", durationMs: 2 },
  ]);
  expect(error.history).toEqual(history);
});

test("the worse of two outcomes is the less certain one", () => {
  expect(worseOutcome("not_sent", "rejected")).toBe("rejected");
  expect(worseOutcome("unknown", "rejected")).toBe("unknown");
  expect(worseOutcome("not_sent", "not_sent")).toBe("not_sent");
});

test("codes have gRPC's numbers and names", () => {
  expect(Object.values(Code)).toEqual(Array.from({ length: 17 }, (_, i) => i));
  expect(codeName(Code.DataLoss)).toBe("DataLoss");
  expect(codeFromProtobufName("FAILED_PRECONDITION")).toBe(Code.FailedPrecondition);
  expect(codeFromProtobufName("CANCELLED")).toBe(Code.Cancelled);
  expect(codeFromProtobufName("OK")).toBe(Code.OK);
  expect(codeFromProtobufName("NOPE")).toBeUndefined();
});

test("HTTP statuses and codes are mapped as google/rpc/code.proto says", () => {
  for (const code of Object.values(Code).filter((each) => each !== Code.OK)) {
    // Several codes share a status, so only the round trip of the status has to agree.
    const status = httpStatusFromCode(code);
    expect(httpStatusFromCode(codeFromHttpStatus(status))).toBe(status);
  }
  expect([418, 405, 422].map(codeFromHttpStatus)).toEqual(Array(3).fill(Code.FailedPrecondition));
  expect([505, 599, 302].map(codeFromHttpStatus)).toEqual(Array(3).fill(Code.Unknown));
});

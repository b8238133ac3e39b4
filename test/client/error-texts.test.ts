import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, onTestFinished, test } from "vitest";
import { LibraryService } from "../../examples/gen/library/v1/library_pb.js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { JobsClient, JobsError } from "../../src/index.ts";
import { Code, createClient, createRestTransport, type ReadError } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";

const json = "application/json";
const problemJson = "application/problem+json";
const text = "text/plain; charset=utf-8";

async function failed(response: Exclude<Scripted, string>, options: { readError?: ReadError } = {}) {
  const server = await scriptedServer(response);
  const transport = createRestTransport({
    baseUrl: server.origin,
    retry: false,
    jsonFallback: false,
    ...options,
  });
  onTestFinished(() => transport.close());
  return caught(createClient(LibraryService, transport).getBook({ name: "shelves/1/books/2" }));
}

describe("the text of an error", () => {
  test.each<[string, string, string, keyof typeof Code, string]>([
    ["OpenFGA", json, '{"code":"validation_error","message":"no store"}', "NotFound", "no store"],
    ["etcd", json, '{"error":"gone","code":11,"message":"gone","details":[]}', "OutOfRange", "gone"],
    ["a handler of Go", text, '{"code":5,"message":"no book","details":[]}', "NotFound", "no book"],
    [
      "Google",
      json,
      '{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}',
      "PermissionDenied",
      "no",
    ],
    ["Google, unlabelled", text, '{"error":{"code":403,"message":"no"}}', "PermissionDenied", "no"],
    ["RFC 9457", problemJson, '{"type":"/t","title":"T","status":404,"detail":"D"}', "NotFound", "D"],
    ["RFC 9457 without detail", problemJson, '{"title":"T","status":404}', "NotFound", "T"],
    ["OAuth", json, '{"error":"invalid_grant","error_description":"expired"}', "NotFound", "expired"],
    ["OAuth without description", json, '{"error":"invalid_grant"}', "NotFound", "invalid_grant"],
    ["Twirp", json, '{"code":"not_found","msg":"no hat"}', "NotFound", "no hat"],
    ["a nested object", json, '{"error":{"code":"not_found","message":"no thing"}}', "NotFound", "no thing"],
    ["JSON:API", json, '{"errors":[{"status":"404","title":"T","detail":"D"}]}', "NotFound", "D"],
    ["a code in text that is a number", json, '{"code":"7","message":"m"}', "NotFound", "m"],
    ["a status that is the HTTP status", json, '{"status":404,"message":"m"}', "NotFound", "m"],
    ["a status that is no gRPC code", json, '{"status":"fail","message":"m"}', "NotFound", "m"],
    ["a number of the service's own", json, '{"code":1001,"message":"m"}', "Unknown", "m"],
    [
      "a list of Google's, unlabelled",
      text,
      '[{"error":{"code":403,"message":"no"}}]',
      "PermissionDenied",
      "no",
    ],
    ["a message that is empty", json, '{"message":"","detail":"D"}', "NotFound", "D"],
    ["a message that is no text", json, '{"message":{"a":1},"error":"E"}', "NotFound", "E"],
    ["a list", json, '["first","second"]', "NotFound", "first"],
    ["a JSON string", json, '"plain"', "NotFound", "plain"],
    ["spaces before the JSON", text, ' \n {"message":"m"}', "NotFound", "m"],
    ["JSON of another label", "text/html", '{"message":"m"}', "NotFound", "m"],
    ["JSON that is labelled binary", "application/octet-stream", '{"message":"m"}', "NotFound", "m"],
    [
      "JSON without a text",
      json,
      '{"trace":[1,2],"at":{"line":"5"}}',
      "NotFound",
      "the server gave no reason",
    ],
    ["text that begins as JSON", text, "{not json}", "NotFound", "{not json}"],
    ["a page", "text/html", "<html><title>404 here</title></html>", "NotFound", "404 here"],
    ["plain text", text, "no such page\nat all", "NotFound", "no such page"],
  ])("of %s", async (_name, contentType, body, code, reason) => {
    const error = await failed({ status: 404, headers: { "content-type": contentType }, body });
    expect(error).toMatchObject({ code: Code[code], reason, status: 404, outcome: "rejected" });
    expect(Buffer.from(error.body ?? []).toString()).toBe(body);
  });

  test("of a body without a content type", async () => {
    const error = await failed({ status: 503, body: '{"code":14,"message":"down"}' });
    expect(error).toMatchObject({ code: Code.Unavailable, reason: "down", outcome: "unknown" });
  });

  test("of a binary message that begins with a line feed and a brace is not JSON", async () => {
    // Field 1 is a text of 123 bytes: the bytes 0x0a 0x7b come before it.
    const body = Buffer.concat([Buffer.from([0x0a, 0x7b]), Buffer.alloc(123, "a")]);
    const headers = { "content-type": "application/x-protobuf" };
    expect((await failed({ status: 404, headers, body })).reason).toMatch(/^\{a+$/);
  });

  test("a JobsClient prefers a GenericResponse", async () => {
    const body = '{"ok":false,"message":"no job","requestId":"r1"}';
    const server = await scriptedServer({ status: 404, headers: { "content-type": text }, body });
    const jobs = new JobsClient({ baseUrl: server.origin, accessToken: "token-1", encoding: "json" });
    onTestFinished(() => jobs.close());
    const error = await caught(jobs.abort("job-1"));
    expect(error).toBeInstanceOf(JobsError);
    expect(error).toMatchObject({ reason: "no job", response: { requestId: "r1" } });
  });
});

test("a long JSON document without a text is not shown raw", async () => {
  for (const indent of [0, 2]) {
    const body = JSON.stringify({ fault: { dump: "x".repeat(5_000) } }, null, indent);
    const error = await failed({ status: 502, headers: { "content-type": json }, body });
    expect(error.reason).toBe("the server gave no reason");
  }
});

describe("readError", () => {
  test("does not end the process if it is an async function that rejects", async () => {
    const readError = (async () => Promise.reject(new Error("mine"))) as unknown as ReadError;
    const error = await failed({ status: 400, body: "bad" }, { readError });
    await new Promise((resolve) => setTimeout(resolve, 10)); // vitest fails on an unhandled rejection
    expect(error.reason).toBe("bad");
  });

  test("decides neither the outcome nor a retry by the details that it returns", async () => {
    const value = new Uint8Array([0x0a, 0x00]);
    const details = [{ typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value }];
    const error = await failed({ status: 429, body: "busy" }, { readError: () => ({ details }) });
    expect(error).toMatchObject({ outcome: "unknown", attempts: 1, details });
  });

  test("leaves a RetryInfo of the server in force when it returns other details", async () => {
    const info = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3600s" };
    const body = JSON.stringify({ code: 8, message: "busy", details: [info] });
    const error = await failed({ status: 429, body }, { readError: () => ({ details: [] }) });
    expect(error).toMatchObject({ outcome: "rejected", details: [] });
  });

  test("gives the reason of a redirect", async () => {
    const error = await failed({ status: 302, body: "" }, { readError: () => ({ message: "mine" }) });
    expect(error.reason).toBe("mine");
  });

  const headers = { "content-type": json, "x-request": "r1" };
  const body = '{"kind":"quota","text":"too many books","code":"9"}';
  const info = create(ErrorInfoSchema, { reason: "QUOTA" });

  test("gets status, headers and body, and its result is the error's", async () => {
    const seen: unknown[] = [];
    const error = await failed(
      { status: 400, headers, body },
      {
        readError: (response) => {
          seen.push({ ...response, headers: response.headers["x-request"] });
          const { kind, text: message } = JSON.parse(Buffer.from(response.body).toString());
          return {
            code: kind === "quota" ? Code.ResourceExhausted : undefined,
            message,
            details: [anyPack(ErrorInfoSchema, info)],
          };
        },
      },
    );
    expect(seen).toEqual([{ status: 400, headers: "r1", body: Buffer.from(body) }]);
    expect(error).toMatchObject({
      code: Code.ResourceExhausted,
      reason: "too many books",
      outcome: "rejected",
    });
    expect(error.findDetails(ErrorInfoSchema)).toEqual([info]);
  });

  const status = toBinary(StatusSchema, create(StatusSchema, { code: 9, message: "read by the client" }));
  const binary = { status: 400, headers: { "content-type": "application/x-protobuf" }, body: status };
  const asWithout = { code: Code.FailedPrecondition, reason: "read by the client", outcome: "rejected" };

  test.each<[string, ReadError]>([
    ["returns nothing", () => undefined],
    ["returns an empty object", () => ({})],
    [
      "throws",
      () => {
        throw new Error("a bug");
      },
    ],
    ["returns null", () => null as never],
    ["returns a promise", () => Promise.resolve({ message: "late" }) as never],
    ["returns a code that gRPC does not have", () => ({ code: 99 as Code })],
    ["returns the code OK", () => ({ code: Code.OK })],
    ["returns values of other types", () => ({ code: "5", message: 7, details: "x" }) as never],
    ["returns details that are none", () => ({ details: [null, 5, {}] }) as never],
  ])("that %s leaves the error as it is", async (_name, readError) => {
    const error = await failed(binary, { readError });
    expect(error).toMatchObject(asWithout);
    expect(error.details).toEqual([]);
  });

  test("gives what it knows, and the rest is read as ever", async () => {
    const error = await failed(binary, { readError: () => ({ message: "mine" }) });
    expect(error).toMatchObject({ ...asWithout, reason: "mine" });
  });

  test("changes neither the outcome nor the retries", async () => {
    const server = await scriptedServer({ status: 503 }, { headers: { "content-type": json }, body: "{}" });
    const transport = createRestTransport({
      baseUrl: server.origin,
      retry: { initialBackoffMs: 0 },
      readError: () => ({ code: Code.InvalidArgument }),
    });
    onTestFinished(() => transport.close());
    await createClient(LibraryService, transport).getBook({ name: "shelves/1/books/2" });
    expect(server.seen).toHaveLength(2);
  });

  test("does not decide whether the client tries without compression", async () => {
    const rejected: Scripted = { status: 400, headers: { "content-type": json }, body: '{"code":3}' };
    const server = await scriptedServer(rejected, { headers: { "content-type": json }, body: "{}" });
    const transport = createRestTransport({
      baseUrl: server.origin,
      encoding: "json",
      compressRequests: { encoding: "gzip", minBytes: 1 },
      readError: () => ({ code: Code.FailedPrecondition }),
    });
    onTestFinished(() => transport.close());
    await createClient(LibraryService, transport).updateBook({ book: { name: "shelves/1/books/2" } });
    expect(server.seen.map(({ headers }) => headers["content-encoding"])).toEqual(["gzip", undefined]);
  });

  test("does not bring a credential back", async () => {
    const server = await scriptedServer({ status: 404 });
    const transport = createRestTransport({
      baseUrl: server.origin,
      headers: { authorization: "Bearer s3cret-token" },
      readError: () => ({ message: "you sent s3cret-token" }),
    });
    onTestFinished(() => transport.close());
    const error = await caught(
      createClient(LibraryService, transport).getBook({ name: "shelves/1/books/2" }),
    );
    expect(error.reason).toBe("you sent ************");
  });

  test("has to be a function", () => {
    expect(() => createRestTransport({ baseUrl: "http://127.0.0.1:1", readError: {} as ReadError })).toThrow(
      expect.objectContaining({ code: Code.InvalidArgument, reason: "readError must be a function" }),
    );
  });
});

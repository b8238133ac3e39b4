// How a real gateway translates the errors of its backend, and how the client reads them.
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../../src/index.ts";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { Elsewhere } from "./support/elsewhere.ts";
import { plan } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";

const failing = (status: Status) =>
  plan({ status: Buffer.from(toBinary(StatusSchema, status)).toString("base64") });

/** wire-facts.md, section 3; outcomes by design.md, section 7. */
const codes = [
  ["Cancelled", 499, "unknown"],
  ["Unknown", 500, "unknown"],
  ["InvalidArgument", 400, "rejected"],
  ["DeadlineExceeded", 504, "unknown"],
  ["NotFound", 404, "rejected"],
  ["AlreadyExists", 409, "rejected"],
  ["PermissionDenied", 403, "rejected"],
  ["ResourceExhausted", 429, "unknown"],
  ["FailedPrecondition", 400, "rejected"],
  ["Aborted", 409, "rejected"],
  ["OutOfRange", 400, "rejected"],
  ["Unimplemented", 501, "rejected"],
  ["Internal", 500, "unknown"],
  ["Unavailable", 503, "unknown"],
  ["DataLoss", 500, "unknown"],
  ["Unauthenticated", 401, "rejected"],
] as const;

describe.each(encodings)("in %s", (encoding) => {
  test("every code has its HTTP status, outcome and message, and run is not retried", async () => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding });
    for (const [name, status, outcome] of codes) {
      const message = `it was ${name}: é "quoted"`;
      const metadata = failing(create(StatusSchema, { code: Code[name], message }));
      const error = await caught(client.run("job-1", { taskTimeout: 1 }, { metadata }));
      expect(error).toMatchObject({ code: Code[name], status, outcome, reason: message, attempts: 1 });
    }
    expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual(
      codes.map(([name]) => Code[name]),
    );
  });

  test("details of types that the gateway knows are decoded", async () => {
    const { jobs } = await startPeer();
    const info = create(ErrorInfoSchema, { reason: "QUOTA", domain: "d", metadata: { unit: "s" } });
    const status = create(StatusSchema, {
      code: Code.FailedPrecondition,
      details: [anyPack(ErrorInfoSchema, info)],
    });
    const error = await caught(jobs({ encoding }).run("job-1", undefined, { metadata: failing(status) }));
    expect(error.findDetails(ErrorInfoSchema)).toEqual([info]);
  });

  test("after a rate limit with RetryInfo, run is retried, and not sooner", async () => {
    const { gateway, jobs } = await startPeer();
    const retryInfo = create(RetryInfoSchema, { retryDelay: { nanos: 20_000_000 } });
    const status = create(StatusSchema, {
      code: Code.ResourceExhausted,
      details: [anyPack(RetryInfoSchema, retryInfo)],
    });
    const error = await caught(
      jobs({ encoding, retry: { maxAttempts: 3 } }).run("job-1", undefined, { metadata: failing(status) }),
    );
    expect(error).toMatchObject({ status: 429, outcome: "rejected", attempts: 3 });
    for (const { waitedMs } of error.history.slice(0, 2)) expect(waitedMs).toBeGreaterThanOrEqual(19);
    expect(await gateway.calls()).toHaveLength(3);
  });

  test("after Unavailable with RetryInfo, abort waits and is retried, but run is not", async () => {
    const { gateway, jobs } = await startPeer();
    const retryInfo = create(RetryInfoSchema, { retryDelay: { nanos: 20_000_000 } });
    const details = [anyPack(RetryInfoSchema, retryInfo)];
    const metadata = failing(create(StatusSchema, { code: Code.Unavailable, details }));
    const client = jobs({ encoding, retry: { maxAttempts: 3 } });
    const run = await caught(client.run("job-1", undefined, { metadata }));
    expect(run).toMatchObject({ status: 503, outcome: "unknown", attempts: 1 });
    const abort = await caught(client.abort("job-1", { metadata }));
    expect(abort).toMatchObject({ status: 503, outcome: "unknown", attempts: 3 });
    for (const { waitedMs } of abort.history.slice(0, 2)) expect(waitedMs).toBeGreaterThanOrEqual(19);
    expect(await gateway.calls()).toHaveLength(4);
  });

  test("a detail of a type that the gateway does not know", async () => {
    const { jobs } = await startPeer();
    const value = toBinary(JobConfigSchema, create(JobConfigSchema, { taskTimeout: 5n }));
    const details = [{ typeUrl: "type.googleapis.com/not.Known", value }];
    const status = create(StatusSchema, { code: Code.NotFound, message: "gone", details });
    const error = await caught(jobs({ encoding }).run("job-1", undefined, { metadata: failing(status) }));
    if (encoding === "protobuf") {
      expect(error).toMatchObject({ code: Code.NotFound, status: 404, details });
    } else {
      // The gateway cannot write it as JSON and loses the whole error.
      expect(error).toMatchObject({ code: Code.Internal, status: 500, outcome: "unknown" });
      expect(error.reason).toContain("failed to marshal error message");
    }
  });

  test("a path or a verb that is not routed", async () => {
    const { gateway } = await startPeer();
    const transport = createRestTransport({ baseUrl: gateway.origin, encoding });
    await using _ = transport;
    const client = createClient(Elsewhere, transport);
    expect(await caught(client.noPath({}))).toMatchObject({
      code: Code.NotFound,
      status: 404,
      outcome: "rejected",
      reason: "Not Found",
    });
    expect(await caught(client.noVerb({}))).toMatchObject({
      code: Code.Unimplemented,
      status: 501,
      outcome: "rejected",
      reason: "Method Not Allowed",
    });
    expect(await gateway.calls()).toEqual([]);
  });
});

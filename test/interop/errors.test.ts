// Edge cases of a google.rpc.Status.
import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import {
  BadRequestSchema,
  DebugInfoSchema,
  ErrorInfoSchema,
  HelpSchema,
  LocalizedMessageSchema,
  PreconditionFailureSchema,
  QuotaFailureSchema,
  RequestInfoSchema,
  ResourceInfoSchema,
} from "../../gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { plan } from "./support/gateway.ts";
import { encodings, startPeer } from "./support/peer.ts";

const failing = (status: Status) =>
  plan({ status: Buffer.from(toBinary(StatusSchema, status)).toString("base64") });

/** One of each standard detail, except RetryInfo, which delays a retry. */
const details: readonly (readonly [DescMessage, Message])[] = [
  [
    BadRequestSchema,
    create(BadRequestSchema, { fieldViolations: [{ field: "config.task_timeout", description: "ä" }] }),
  ],
  [DebugInfoSchema, create(DebugInfoSchema, { stackEntries: ["a", "b"], detail: "c" })],
  [ErrorInfoSchema, create(ErrorInfoSchema, { reason: "QUOTA", domain: "d", metadata: { "": "", b: "c" } })],
  [HelpSchema, create(HelpSchema, { links: [{ description: "here", url: "https://example.com/?a=b" }] })],
  [LocalizedMessageSchema, create(LocalizedMessageSchema, { locale: "ja", message: "日本" })],
  [
    PreconditionFailureSchema,
    create(PreconditionFailureSchema, { violations: [{ type: "t", subject: "s", description: "" }] }),
  ],
  [QuotaFailureSchema, create(QuotaFailureSchema, { violations: [{ subject: "s", description: "d" }] })],
  [RequestInfoSchema, create(RequestInfoSchema, { requestId: "1", servingData: "2" })],
  [ResourceInfoSchema, create(ResourceInfoSchema, { resourceType: "job", resourceName: "job-1" })],
];

describe.each(encodings)("in %s", (encoding) => {
  test("all standard details at once arrive unchanged", async () => {
    const { gateway, jobs } = await startPeer();
    const status = create(StatusSchema, {
      code: Code.InvalidArgument,
      message: "no",
      details: details.map(([schema, message]) => anyPack(schema, message)),
    });
    const error = await caught(jobs({ encoding }).run("job-1", undefined, { metadata: failing(status) }));
    expect(error).toMatchObject({ code: Code.InvalidArgument, status: 400, reason: "no" });
    expect(error.details).toHaveLength(details.length);
    for (const [schema, message] of details) expect(error.findDetails(schema)).toEqual([message]);
    expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual([Code.InvalidArgument]);
  });

  test("a NotFound with a detail of a type that the gateway does not know", async () => {
    const { gateway, jobs } = await startPeer();
    const status = create(StatusSchema, {
      code: Code.NotFound,
      details: [
        anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "GONE" })),
        { typeUrl: "type.googleapis.com/not.Known", value: Uint8Array.of(1, 2, 3) },
      ],
    });
    const error = await caught(jobs({ encoding }).abort("job-1", { metadata: failing(status) }));
    // A gateway cannot write the second one as JSON, and loses the whole error.
    expect(error).toMatchObject(
      encoding === "protobuf"
        ? { code: Code.NotFound, status: 404, outcome: "rejected", attempts: 1 }
        : { code: Code.Internal, status: 500, outcome: "unknown", attempts: 1 },
    );
    expect(error.details.map(({ typeUrl }) => typeUrl)).toEqual(
      encoding === "protobuf" ? status.details.map(({ typeUrl }) => typeUrl) : [],
    );
    expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual([Code.NotFound]);
  });

  test("unknown codes are Unknown", async () => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding });
    const codes = [17, 99, 1_000, 2 ** 31 - 1];
    for (const code of codes) {
      const status = create(StatusSchema, { code, message: "odd" });
      const error = await caught(client.run("job-1", undefined, { metadata: failing(status) }));
      expect(error, `${code}`).toMatchObject({
        code: Code.Unknown,
        status: 500,
        outcome: "unknown",
        reason: "odd",
        attempts: 1,
      });
    }
    expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual(codes);
  });

  test("messages with special characters, also if the gateway copies them into a header", async () => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding });
    const messages = ["", " ", "two\nlines\r\n", "日本 😀", '<b>"&\\', "\u2028", "x".repeat(500), "{"];
    for (const message of messages) {
      const status = create(StatusSchema, { code: Code.Unauthenticated, message });
      const error = await caught(client.run("job-1", undefined, { metadata: failing(status) }));
      expect(error, JSON.stringify(message)).toMatchObject({ code: Code.Unauthenticated, status: 401 });
      expect(error.reason).toBe(message === "" ? "the server gave no reason" : message);
    }
    expect(await gateway.calls()).toHaveLength(messages.length);
  });

  test("a 401 whose message is not valid in a header cannot be read: unknown, and run is not retried", async () => {
    const { gateway, jobs } = await startPeer();
    const client = jobs({ encoding });
    // The gateway copies it unchanged into WWW-Authenticate.
    const status = create(StatusSchema, { code: Code.Unauthenticated, message: "a\u0000b" });
    const error = await caught(client.run("job-1", undefined, { metadata: failing(status) }));
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
    expect((await gateway.calls()).map(({ ended }) => ended?.code)).toEqual([Code.Unauthenticated]);
    expect(await client.abort("job-1")).toMatchObject({ ok: true });
  });
});

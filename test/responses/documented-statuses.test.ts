import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code, JobsError, type Outcome } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { type CallName, calls, jobsClient } from "../support/clients.ts";
import { scriptedServer } from "../support/scripted-server.ts";

/** For each status of ByteNite's description: what it means alone, what a Status in its body says, the outcome. */
const statuses: [status: number, alone: Code, said: Code, outcome: Outcome][] = [
  [400, Code.InvalidArgument, Code.FailedPrecondition, "rejected"],
  [401, Code.Unauthenticated, Code.Unauthenticated, "rejected"],
  [403, Code.PermissionDenied, Code.PermissionDenied, "rejected"],
  [404, Code.NotFound, Code.NotFound, "rejected"],
  [500, Code.Internal, Code.DataLoss, "unknown"],
  [503, Code.Unavailable, Code.Cancelled, "unknown"],
  // "default" in the description.
  [418, Code.FailedPrecondition, Code.Aborted, "rejected"],
];

const words = "the server's own words";
const binary = "application/x-protobuf";

const statusMessage = (code: Code) => create(StatusSchema, { code, message: words });
const genericMessage = (status: number) =>
  create(GenericResponseSchema, { requestId: "req-1", error: { code: BigInt(status), message: words } });

interface Form {
  readonly contentType?: string;
  readonly body: (status: number, said: Code) => Uint8Array | string;
  readonly says: "status" | "generic" | "nothing";
  readonly reason: string;
}

const forms: Record<string, Form> = {
  "a binary Status": {
    contentType: binary,
    body: (_status, said) => toBinary(StatusSchema, statusMessage(said)),
    says: "status",
    reason: words,
  },
  "a binary Status, labelled as a stock gateway does": {
    contentType: "application/octet-stream",
    body: (_status, said) => toBinary(StatusSchema, statusMessage(said)),
    says: "status",
    reason: words,
  },
  "a JSON Status": {
    contentType: "application/json",
    body: (_status, said) => toJsonString(StatusSchema, statusMessage(said), { alwaysEmitImplicit: true }),
    says: "status",
    reason: words,
  },
  "a JSON Status under a binary label": {
    contentType: "application/octet-stream",
    body: (_status, said) => `{"code": ${said}, "message": "${words}"}`,
    says: "status",
    reason: words,
  },
  "a JSON Status in Google's wrapping": {
    contentType: "application/json; charset=UTF-8",
    body: (status, said) =>
      JSON.stringify({ error: { code: status, message: words, status: protobufName(said) } }),
    says: "status",
    reason: words,
  },
  "a JSON GenericResponse": {
    contentType: "application/json",
    body: (status) =>
      toJsonString(GenericResponseSchema, genericMessage(status), { alwaysEmitImplicit: true }),
    says: "generic",
    reason: words,
  },
  "a binary GenericResponse": {
    contentType: binary,
    body: (status) => toBinary(GenericResponseSchema, genericMessage(status)),
    says: "generic",
    reason: words,
  },
  "a proxy's HTML": {
    contentType: "text/html",
    body: () => "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>",
    says: "nothing",
    reason: "502 Bad Gateway",
  },
  "plain text": {
    contentType: "text/plain",
    body: () => "\n upstream is busy \nx",
    says: "nothing",
    reason: "upstream is busy",
  },
  nothing: { body: () => "", says: "nothing", reason: "the server gave no reason" },
  "no bytes, labelled binary": {
    contentType: binary,
    body: () => "",
    says: "nothing",
    reason: "the server gave no reason",
  },
  "garbage, labelled binary": {
    contentType: binary,
    body: () => Uint8Array.of(0xff, 0xfe, 0x00, 0x9c),
    says: "nothing",
    reason: "the server gave no reason",
  },
  "garbage, labelled JSON": {
    contentType: "application/json",
    body: () => "{oops",
    says: "nothing",
    reason: "{oops",
  },
  "JSON of somebody else": {
    contentType: "application/json",
    body: () => '["no"]',
    says: "nothing",
    reason: '["no"]',
  },
};

function protobufName(code: Code): string {
  const name = Object.keys(Code)[code] ?? "";
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

describe.each(Object.entries(forms))("%s", (_form, { contentType, body, says, reason }) => {
  describe.each(statuses)("with status %d", (status, alone, said, outcome) => {
    test.each(Object.keys(calls) as CallName[])("to %s", async (name) => {
      const headers: Record<string, string> =
        contentType === undefined ? {} : { "content-type": contentType };
      const server = await scriptedServer({ status, headers, body: body(status, said) });
      const error = await caught(calls[name](jobsClient(server.baseUrl, { retry: false })));
      expect(error).toMatchObject({ status, outcome, code: says === "status" ? said : alone, reason });
      expect(error instanceof JobsError).toBe(says === "generic");
      expect(Buffer.from(error.body ?? []).equals(Buffer.from(body(status, said)))).toBe(true);
      expect(error.history.at(-1)).toMatchObject({ status, outcome, code: error.code });
    });
  });
});

import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code, JobsError, type Outcome } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { type CallName, calls, jobsClient } from "../support/clients.ts";
import { scriptedServer } from "../support/scripted-server.ts";

/** For each documented status: its code without a body, the code of a Status in its body, and the outcome. */
const statuses: [status: number, codeAlone: Code, bodyCode: Code, outcome: Outcome][] = [
  [400, Code.InvalidArgument, Code.FailedPrecondition, "rejected"],
  [401, Code.Unauthenticated, Code.Unauthenticated, "rejected"],
  [403, Code.PermissionDenied, Code.PermissionDenied, "rejected"],
  [404, Code.NotFound, Code.NotFound, "rejected"],
  [500, Code.Internal, Code.DataLoss, "unknown"],
  [503, Code.Unavailable, Code.Cancelled, "unknown"],
  // "default" in the API description.
  [418, Code.FailedPrecondition, Code.Aborted, "rejected"],
];

const text = "the server's own text";
const binary = "application/x-protobuf";

const statusMessage = (code: Code) => create(StatusSchema, { code, message: text });
const genericMessage = (status: number) =>
  create(GenericResponseSchema, { requestId: "req-1", error: { code: BigInt(status), message: text } });

interface Form {
  readonly contentType?: string;
  readonly body: (status: number, bodyCode: Code) => Uint8Array | string;
  readonly kind: "status" | "generic" | "neither";
  readonly reason: string;
}

const forms: Record<string, Form> = {
  "a binary Status": {
    contentType: binary,
    body: (_status, bodyCode) => toBinary(StatusSchema, statusMessage(bodyCode)),
    kind: "status",
    reason: text,
  },
  "a binary Status with a stock gateway's content type": {
    contentType: "application/octet-stream",
    body: (_status, bodyCode) => toBinary(StatusSchema, statusMessage(bodyCode)),
    kind: "status",
    reason: text,
  },
  "a JSON Status": {
    contentType: "application/json",
    body: (_status, bodyCode) =>
      toJsonString(StatusSchema, statusMessage(bodyCode), { alwaysEmitImplicit: true }),
    kind: "status",
    reason: text,
  },
  "a JSON Status with a binary content type": {
    contentType: "application/octet-stream",
    body: (_status, bodyCode) => `{"code": ${bodyCode}, "message": "${text}"}`,
    kind: "status",
    reason: text,
  },
  "a JSON Status in Google's form": {
    contentType: "application/json; charset=UTF-8",
    body: (status, bodyCode) =>
      JSON.stringify({ error: { code: status, message: text, status: protobufName(bodyCode) } }),
    kind: "status",
    reason: text,
  },
  "a JSON GenericResponse": {
    contentType: "application/json",
    body: (status) =>
      toJsonString(GenericResponseSchema, genericMessage(status), { alwaysEmitImplicit: true }),
    kind: "generic",
    reason: text,
  },
  "a binary GenericResponse": {
    contentType: binary,
    body: (status) => toBinary(GenericResponseSchema, genericMessage(status)),
    kind: "generic",
    reason: text,
  },
  "a proxy's HTML": {
    contentType: "text/html",
    body: () => "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body></html>",
    kind: "neither",
    reason: "502 Bad Gateway",
  },
  "plain text": {
    contentType: "text/plain",
    body: () => "\n upstream is busy \nx",
    kind: "neither",
    reason: "upstream is busy",
  },
  nothing: { body: () => "", kind: "neither", reason: "the server gave no reason" },
  "no bytes with a binary content type": {
    contentType: binary,
    body: () => "",
    kind: "neither",
    reason: "the server gave no reason",
  },
  "garbage with a binary content type": {
    contentType: binary,
    body: () => Uint8Array.of(0xff, 0xfe, 0x00, 0x9c),
    kind: "neither",
    reason: "the server gave no reason",
  },
  "garbage with a JSON content type": {
    contentType: "application/json",
    body: () => "{oops",
    kind: "neither",
    reason: "{oops",
  },
  "other JSON": {
    contentType: "application/json",
    body: () => '["no"]',
    kind: "neither",
    reason: "no",
  },
};

function protobufName(code: Code): string {
  const name = Object.keys(Code)[code] ?? "";
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

describe.each(Object.entries(forms))("%s", (_form, { contentType, body, kind, reason }) => {
  describe.each(statuses)("with status %d", (status, codeAlone, bodyCode, outcome) => {
    test.each(Object.keys(calls) as CallName[])("to %s", async (name) => {
      const headers: Record<string, string> =
        contentType === undefined ? {} : { "content-type": contentType };
      const server = await scriptedServer({ status, headers, body: body(status, bodyCode) });
      const error = await caught(calls[name](jobsClient(server.baseUrl, { retry: false })));
      expect(error).toMatchObject({
        status,
        outcome,
        code: kind === "status" ? bodyCode : codeAlone,
        reason,
      });
      expect(error instanceof JobsError).toBe(kind === "generic");
      expect(Buffer.from(error.body ?? []).equals(Buffer.from(body(status, bodyCode)))).toBe(true);
      expect(error.history.at(-1)).toMatchObject({ status, outcome, code: error.code });
    });
  });
});

// What the client makes of a response, by its label, its body and its status. Neither the requested encoding nor the kind of
// client matters. Everything goes over sockets.
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code, JobsClient, JobsError } from "../../src/index.ts";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { caught } from "../support/caught.ts";
import { scriptedServer } from "../support/scripted-server.ts";

const message = create(GenericResponseSchema, { ok: true, requestId: "r-1" });
const status = create(StatusSchema, { code: Code.FailedPrecondition, message: "the job has ended" });

/** The columns: the bodies of a success, and of an error. "JSON" and "binary" are the right message. */
const bodies: Readonly<Record<string, readonly [success: Uint8Array | string, error: Uint8Array | string]>> =
  {
    binary: [toBinary(GenericResponseSchema, message), toBinary(StatusSchema, status)],
    JSON: [toJsonString(GenericResponseSchema, message), toJsonString(StatusSchema, status)],
    "{}": ["{}", "{}"],
    other: ['{"shelf":"s-1"}', '{"shelf":"s-1"}'],
    page: [
      "<html><head><title>Welcome</title></head></html>",
      "<html><head><title>Oh no</title></head></html>",
    ],
    nothing: ["", ""],
  };

/**
 * The cells. The requests have no body, so a 400 is not a reason to send JSON instead of binary.
 *
 * - message: the message that was sent
 * - defaults: a message with all fields at their defaults
 * - DataLoss: this code, because the response is not unmistakably the message; the call may have been carried out
 * - Status: the code and the sentence of the google.rpc.Status that was sent
 * - title: the code of the HTTP status, and the title of the page
 * - code: the code of the HTTP status, and no reason
 */
const tables: Readonly<Record<string, { readonly statuses: readonly number[]; readonly cells: string }>> = {
  "a success": {
    statuses: [200],
    cells: `
                                | binary   | JSON     | {}       | other    | page     | nothing
      application/x-protobuf    | message  | DataLoss | DataLoss | DataLoss | DataLoss | defaults
      application/json          | DataLoss | message  | defaults | defaults | DataLoss | DataLoss
      application/octet-stream  | message  | message  | defaults | DataLoss | DataLoss | defaults
      text/plain; charset=utf-8 | DataLoss | message  | defaults | DataLoss | DataLoss | defaults
      application/x-foo         | DataLoss | message  | defaults | DataLoss | DataLoss | defaults
      none                      | DataLoss | message  | defaults | DataLoss | DataLoss | defaults
      text/html                 | DataLoss | DataLoss | DataLoss | DataLoss | DataLoss | DataLoss`,
  },
  "a success without a body": {
    statuses: [204],
    cells: `
                                | nothing
      application/x-protobuf    | defaults
      application/json          | defaults
      application/octet-stream  | defaults
      text/plain; charset=utf-8 | defaults
      application/x-foo         | defaults
      none                      | defaults
      text/html                 | defaults`,
  },
  "an error": {
    statuses: [400, 404, 503],
    cells: `
                                | binary | JSON   | {}   | other | page  | nothing
      application/x-protobuf    | Status | Status | code | code  | title | code
      application/json          | code   | Status | code | code  | title | code
      application/octet-stream  | Status | Status | code | code  | title | code
      text/plain; charset=utf-8 | code   | Status | code | code  | title | code
      application/x-foo         | code   | Status | code | code  | title | code
      none                      | code   | Status | code | code  | title | code
      text/html                 | code   | Status | code | code  | title | code`,
  },
};

interface Cell {
  readonly status: number;
  readonly label: string;
  readonly body: string;
  readonly expected: string;
}

function cellsOf({ statuses, cells }: (typeof tables)[string]): Cell[] {
  const [[, ...columns] = [], ...rows] = cells
    .split("\n")
    .slice(1)
    .map((line) => line.split("|").map((text) => text.trim()));
  return statuses.flatMap((status) =>
    rows.flatMap(([label = "", ...expected]) =>
      columns.map((body, i) => ({ status, label, body, expected: expected[i] ?? "" })),
    ),
  );
}

const codeOf: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  404: Code.NotFound,
  503: Code.Unavailable,
};

function errorOf(cell: string, http: number): { readonly code: Code | undefined; readonly reason?: string } {
  switch (cell) {
    case "DataLoss":
      return { code: Code.DataLoss };
    case "Status":
      return { code: status.code as Code, reason: status.message };
    case "title":
      return { code: codeOf[http], reason: "Oh no" };
    case "code":
      return { code: codeOf[http], reason: "the server gave no reason" };
    default:
      throw new Error(`a cell cannot be ${cell}`);
  }
}

/** A call of each kind of client. */
const clients = {
  async createClient(baseUrl: string, encoding: "protobuf" | "json") {
    const transport = createRestTransport({ baseUrl, encoding, retry: false });
    onTestFinished(() => transport.close());
    return createClient(Customer, transport).abortJob({ jobId: "job-1" });
  },
  async JobsClient(baseUrl: string, encoding: "protobuf" | "json") {
    const jobs = new JobsClient({ baseUrl, encoding, retry: false, accessToken: "token-1" });
    onTestFinished(() => jobs.close());
    return jobs.abort("job-1").catch((error: unknown) => {
      // A GenericResponse that is not ok.
      if (error instanceof JobsError && (error.status ?? 0) < 300) return error.response;
      throw error;
    });
  },
};

describe.each(Object.entries(clients))("%s reads", (_client, call) => {
  describe.each(["protobuf", "json"] as const)("after a request in %s,", (encoding) => {
    describe.each(Object.entries(tables))("%s:", (_table, table) => {
      test.each(cellsOf(table))(
        "$status, $label, $body is $expected",
        async ({ status: http, label, body, expected }) => {
          const headers: Record<string, string> = label === "none" ? {} : { "content-type": label };
          const { baseUrl } = await scriptedServer({
            status: http,
            headers,
            body: (bodies[body] as (typeof bodies)[string])[http < 300 ? 0 : 1],
          });
          const result = call(baseUrl, encoding);
          const outcome = http === 400 || http === 404 ? "rejected" : "unknown";
          if (expected === "message") expect(await result).toEqual(message);
          else if (expected === "defaults") expect(await result).toEqual(create(GenericResponseSchema));
          else
            expect(await caught(result)).toMatchObject({ ...errorOf(expected, http), outcome, status: http });
        },
      );
    });
  });
});

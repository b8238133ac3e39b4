import type { IncomingMessage } from "node:http";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { type FindingId, type ProbeReport, probe } from "../../src/index.ts";
import { httpServer } from "../support/loopback.ts";
import { withVerdict } from "./verdicts.ts";

// Servers that are not the API. Nothing may be proven about them.

interface ServerRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly accept: string;
  readonly authorization: string | undefined;
  readonly body: Buffer;
  /** The number of requests before it. */
  readonly index: number;
}

interface ServerResponse {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

type Server = (request: ServerRequest) => ServerResponse;

async function probed(
  server: Server,
): Promise<{ readonly report: ProbeReport; readonly seen: ServerRequest[] }> {
  const seen: ServerRequest[] = [];
  const { origin } = await httpServer(async (req: IncomingMessage, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { method = "", url: path = "", headers } = req;
    const request: ServerRequest = {
      method,
      path,
      contentType: headers["content-type"] ?? "",
      accept: headers.accept ?? "",
      authorization: headers.authorization,
      body: Buffer.concat(chunks),
      index: seen.length,
    };
    seen.push(request);
    const { status, type, headers: more, body } = server(request);
    res.writeHead(status, { ...(type !== undefined && { "content-type": type }), ...more });
    res.end(body);
  });
  const report = await probe({ baseUrl: `${origin}/v1/customer`, accessToken: "token-1" });
  return { report, seen };
}

const json = (status: number, body: unknown): ServerResponse => ({
  status,
  type: "application/json",
  body: JSON.stringify(body),
});

/** A google.rpc.Status in the accepted encoding, as from a gateway. */
const rpcStatus =
  (status: number, code: number): Server =>
  ({ accept }) =>
    accept === "application/x-protobuf"
      ? {
          status,
          type: "application/octet-stream",
          body: toBinary(StatusSchema, create(StatusSchema, { code, message: "no" })),
        }
      : json(status, { code, message: "no", details: [] });

/** ByteNite's own message in JSON, which many other servers use for errors too. */
const messageOnly =
  (status: number): Server =>
  () =>
    json(status, { message: "no" });

const page =
  (status: number): Server =>
  () => ({ status, type: "text/html; charset=utf-8", body: "<!doctype html><title>Welcome</title>" });

const empty =
  (status: number, headers: Readonly<Record<string, string>> = {}): Server =>
  () => ({ status, headers });

const isJson = ({ body }: ServerRequest): boolean => {
  try {
    JSON.parse(body.toString("utf8"));
    return true;
  } catch {
    return body.length === 0;
  }
};

/** A framework that parses the body first, and then finds no route. */
const parsesFirst =
  (malformed: ServerResponse, notFound: ServerResponse): Server =>
  (request) =>
    isJson(request) ? notFound : malformed;

/** The gateway of another API, which has no such routes. */
const otherGateway = rpcStatus(404, 5);

const withToken =
  (then: Server): Server =>
  (request) =>
    request.authorization === "token-1" ? then(request) : json(401, { code: 16, message: "who?" });

const servers: Readonly<Record<string, readonly (readonly [string, Server])[]>> = {
  "200 to all": [
    ["without a body", empty(200)],
    ["with {}", () => json(200, {})],
    ["with another API's JSON", () => json(200, { status: "queued", id: 7 })],
    ["with a list", () => json(200, [])],
    [
      "as a gateway does, with a message that has no field set",
      () => ({ status: 200, type: "application/octet-stream" }),
    ],
    ["as text", () => ({ status: 200, type: "text/plain", body: "OK" })],
    ["204", empty(204)],
    ["202", empty(202)],
  ],
  "401 to all": [
    ["as a Status", rpcStatus(401, 16)],
    ["as another message", messageOnly(401)],
    ["as a page", page(401)],
    ["with an empty body", empty(401, { "www-authenticate": "Basic" })],
  ],
  "403 to all": [
    ["as a Status", rpcStatus(403, 7)],
    ["as another message", messageOnly(403)],
    ["as a page", page(403)],
  ],
  "404 to all": [
    ["as a Status, at a wrong path", otherGateway],
    ["as another message", messageOnly(404)],
    ["as a page", page(404)],
    ["with an empty body", empty(404)],
    ["behind a check of the token", withToken(otherGateway)],
  ],
  "a page to all": [
    ["with 200", page(200)],
    ["with 200, and no type", () => ({ status: 200, body: "<html>Welcome</html>" })],
    ["with 500", page(500)],
  ],
  "a redirect to all": [
    ["301", empty(301, { location: "https://example.com/" })],
    ["302 to a login", () => ({ ...page(302)({} as ServerRequest), headers: { location: "/login" } })],
    ["307", empty(307, { location: "/elsewhere" })],
  ],
  "another JSON-only API": [
    [
      "with a Status in JSON for unknown paths",
      parsesFirst(json(400, { code: 3, message: "bad" }), json(404, { code: 5, message: "no" })),
    ],
    [
      "with a message property",
      parsesFirst(json(400, { message: "bad JSON" }), json(404, { message: "Not Found" })),
    ],
    [
      "as with Express and Nest",
      parsesFirst(
        json(400, { statusCode: 400, message: "Unexpected token ]", error: "Bad Request" }),
        json(404, { statusCode: 404, message: "Cannot POST /v1", error: "Not Found" }),
      ),
    ],
    [
      "with numbers for codes",
      parsesFirst(json(400, { code: 400, message: "bad" }), json(404, { code: 404, message: "no" })),
    ],
    [
      "with 405 for unknown paths",
      parsesFirst(json(400, { code: 3, message: "bad" }), json(405, { code: 12, message: "no" })),
    ],
    [
      "behind a check of the token",
      withToken(parsesFirst(json(400, { code: 3, message: "bad" }), json(404, { code: 5, message: "no" }))),
    ],
    [
      "that rejects other content than JSON",
      (request) => (isJson(request) ? messageOnly(404)(request) : messageOnly(415)(request)),
    ],
  ],
  "an echo": [
    [
      "of body and type",
      ({ body, contentType }) => ({ status: 200, type: contentType || "text/plain", body }),
    ],
    [
      "as a record of the request",
      ({ method, path, body }) => json(200, { method, path, data: String(body) }),
    ],
    ["with 404", ({ body, contentType }) => ({ status: 404, type: contentType || "text/plain", body })],
    ["with 400", ({ body, contentType }) => ({ status: 400, type: contentType || "text/plain", body })],
  ],
  "503 to all": [
    ["as a Status", rpcStatus(503, 14)],
    ["as a page", page(503)],
    ["with Retry-After", empty(503, { "retry-after": "1" })],
  ],
  "429 to all": [
    ["as a Status", rpcStatus(429, 8)],
    ["as another message", messageOnly(429)],
    ["with an empty body", empty(429, { "retry-after": "1" })],
    [
      "after the first",
      (request) =>
        request.index === 0
          ? json(400, { code: 3, message: "bad" })
          : json(429, { code: 8, message: "slow" }),
    ],
  ],
  garbage: [
    [
      "with the content type of binary",
      () => ({ status: 404, type: "application/x-protobuf", body: Uint8Array.of(0xff, 0x07, 1) }),
    ],
    ["with the content type of JSON", () => ({ status: 404, type: "application/json", body: "{{{" })],
    ["with 200", () => ({ status: 200, type: "application/x-protobuf", body: Uint8Array.of(0xff, 0x07, 1) })],
    ["without a content type", () => ({ status: 500, body: Uint8Array.of(0, 1, 2, 3) })],
    [
      "a Status in binary for every Accept",
      () => rpcStatus(404, 5)({ accept: "application/x-protobuf" } as ServerRequest),
    ],
  ],
  "all other errors": [
    ["400", rpcStatus(400, 3)],
    ["400 of another kind", rpcStatus(400, 9)],
    ["405", rpcStatus(405, 12)],
    ["500", rpcStatus(500, 13)],
    ["501", rpcStatus(501, 12)],
  ],
};

describe.each(Object.entries(servers))("%s", (_, variants) => {
  test.each(variants)("%s: nothing is proven, with few requests", async (_, server) => {
    const { report, seen } = await probed(server);
    expect(withVerdict(report, "proven")).toEqual([]);
    expect(report.configField).toBeUndefined();
    expect(seen.length).toBeLessThanOrEqual(5);
    // At most one finding is possible: this is not the API, or its token is not valid here.
    const refuted = withVerdict(report, "refuted");
    expect([[], ["reachable"], ["token"]]).toContainEqual(refuted);
  });
});

describe("the report says", () => {
  const meaningOf = (report: ProbeReport, id: FindingId) =>
    report.findings.find((each) => each.id === id)?.meaning ?? "";

  test("that a page is not the API, with its URL", async () => {
    const { report, seen } = await probed(page(200));
    const url = `${report.baseUrl}/jobs/…/run`;
    expect(report.stopped).toBe(`POST ${url} responds with a page, 200 (text/html; charset=utf-8): Welcome`);
    expect(meaningOf(report, "reachable")).toContain(
      `${report.stopped}. That is not this API: check the base URL.`,
    );
    expect(meaningOf(report, "unknown-job")).toContain("neither accepts nor rejects");
    expect(report.summary).toContain("a page");
    expect(seen).toHaveLength(1);
  });

  test.each([
    ["404", page(404), "a page"],
    ["a redirect", empty(307, { location: "/elsewhere" }), "a redirect"],
    ["405", empty(405), "something else"],
  ])("that %s is not the API, with its URL", async (_, server, what) => {
    const { report } = await probed(server);
    expect(meaningOf(report, "reachable")).toContain(
      `POST ${report.baseUrl}/jobs/…/run responds with ${what}`,
    );
    expect(withVerdict(report, "refuted")).toEqual(["reachable"]);
  });

  test.each([
    ["an empty body", empty(204), "an empty body, 204"],
    ["an empty message", () => json(200, {}), "something that is not a message of this API, 200"],
  ])("that %s with 2xx neither accepts nor rejects", async (_, server, what) => {
    const { report, seen } = await probed(server);
    expect(report.stopped).toContain(`responds with ${what}`);
    expect(withVerdict(report, "refuted")).toEqual([]);
    expect(seen).toHaveLength(1);
  });

  test("that a server reads bodies at any path", async () => {
    const { report } = await probed(
      parsesFirst(json(400, { code: 3, message: "bad" }), json(404, { code: 5, message: "no" })),
    );
    expect(meaningOf(report, "reachable")).toContain("at any path");
    expect(meaningOf(report, "unknown-job")).toContain("was not shown to be reachable");
  });
});

// Random servers of two kinds that know nothing about jobs.
describe("nothing is proven of a server whose responses depend", () => {
  const pool: readonly Server[] = [
    rpcStatus(400, 3),
    rpcStatus(401, 16),
    rpcStatus(403, 7),
    rpcStatus(404, 5),
    rpcStatus(500, 13),
    rpcStatus(503, 14),
    messageOnly(400),
    messageOnly(404),
    page(404),
    page(200),
  ];
  const tableOf = () => fc.array(fc.nat({ max: pool.length - 1 }), { minLength: 16, maxLength: 16 });
  const hash = (text: string) => [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 9973, 7);

  test.each<[string, (request: ServerRequest) => string]>([
    [
      "on all but the path",
      ({ body, contentType, authorization }) => `${body.toString("hex")} ${contentType} ${authorization}`,
    ],
    [
      "on all but the body",
      ({ path, accept, authorization }) => `${path.replace(/jobs\/[^/]+/, "")} ${accept} ${authorization}`,
    ],
  ])(
    "%s",
    async (_, keyOf) => {
      await fc.assert(
        fc.asyncProperty(tableOf(), async (table) => {
          const { report } = await probed((request) => {
            const pick = table[hash(keyOf(request)) % table.length] ?? 0;
            return (pool[pick] as Server)(request);
          });
          expect(withVerdict(report, "proven")).toEqual([]);
        }),
        { numRuns: 60 },
      );
    },
    30_000,
  );
});

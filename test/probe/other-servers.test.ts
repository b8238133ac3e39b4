import type { IncomingMessage } from "node:http";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { type FindingId, type ProbeReport, probe } from "../../src/index.ts";
import { httpServer } from "../support/loopback.ts";
import { withVerdict } from "./verdicts.ts";

// Servers that are not the API. Nothing of them may be proven: there is another explanation for each thing they say.

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly accept: string;
  readonly authorization: string | undefined;
  readonly body: Buffer;
  /** How many requests came before it. */
  readonly index: number;
}

interface Said {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

type Server = (asked: Asked) => Said;

async function probed(server: Server): Promise<{ readonly report: ProbeReport; readonly seen: Asked[] }> {
  const seen: Asked[] = [];
  const { origin } = await httpServer(async (req: IncomingMessage, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { method = "", url: path = "", headers } = req;
    const asked: Asked = {
      method,
      path,
      contentType: headers["content-type"] ?? "",
      accept: headers.accept ?? "",
      authorization: headers.authorization,
      body: Buffer.concat(chunks),
      index: seen.length,
    };
    seen.push(asked);
    const { status, type, headers: more, body } = server(asked);
    res.writeHead(status, { ...(type !== undefined && { "content-type": type }), ...more });
    res.end(body);
  });
  const report = await probe({ baseUrl: `${origin}/v1/customer`, accessToken: "token-1" });
  return { report, seen };
}

const json = (status: number, body: unknown): Said => ({
  status,
  type: "application/json",
  body: JSON.stringify(body),
});

/** A google.rpc.Status, in what the request asks for, as a gateway writes it. */
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

/** ByteNite's own message, in JSON: also what many other servers response errors with. */
const words =
  (status: number): Server =>
  () =>
    json(status, { message: "no" });

const page =
  (status: number): Server =>
  () => ({ status, type: "text/html; charset=utf-8", body: "<!doctype html><title>Welcome</title>" });

const empty =
  (status: number, headers: Readonly<Record<string, string>> = {}): Server =>
  () => ({ status, headers });

const isJson = ({ body }: Asked): boolean => {
  try {
    JSON.parse(body.toString("utf8"));
    return true;
  } catch {
    return body.length === 0;
  }
};

/** A framework that parses bodies before it looks for a route, which it then does not find. */
const parsesFirst =
  (malformed: Said, notFound: Said): Server =>
  (asked) =>
    isJson(asked) ? notFound : malformed;

/** What a gateway of another API says, which has no such routes. */
const otherGateway = rpcStatus(404, 5);

const withToken =
  (then: Server): Server =>
  (asked) =>
    asked.authorization === "token-1" ? then(asked) : json(401, { code: 16, message: "who?" });

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
    ["in the API's words", rpcStatus(401, 16)],
    ["in other words", words(401)],
    ["as a page", page(401)],
    ["without a word", empty(401, { "www-authenticate": "Basic" })],
  ],
  "403 to all": [
    ["in the API's words", rpcStatus(403, 7)],
    ["in other words", words(403)],
    ["as a page", page(403)],
  ],
  "404 to all": [
    ["in the API's words, at a wrong path", otherGateway],
    ["in other words", words(404)],
    ["as a page", page(404)],
    ["without a word", empty(404)],
    ["behind a check of the token", withToken(otherGateway)],
  ],
  "a page to all": [
    ["with 200", page(200)],
    ["with 200, and no type", () => ({ status: 200, body: "<html>Welcome</html>" })],
    ["with 500", page(500)],
  ],
  "a redirect to all": [
    ["301", empty(301, { location: "https://example.com/" })],
    ["302 to a login", () => ({ ...page(302)({} as Asked), headers: { location: "/login" } })],
    ["307", empty(307, { location: "/elsewhere" })],
  ],
  "another API that speaks JSON only": [
    [
      "with a Status in JSON for everything that it does not know",
      parsesFirst(json(400, { code: 3, message: "bad" }), json(404, { code: 5, message: "no" })),
    ],
    [
      "that says message",
      parsesFirst(json(400, { message: "bad JSON" }), json(404, { message: "Not Found" })),
    ],
    [
      "as Express and Nest have it",
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
      "that responses unknown paths with 405",
      parsesFirst(json(400, { code: 3, message: "bad" }), json(405, { code: 12, message: "no" })),
    ],
    [
      "behind a check of the token",
      withToken(parsesFirst(json(400, { code: 3, message: "bad" }), json(404, { code: 5, message: "no" }))),
    ],
    ["that refuses what is not JSON", (asked) => (isJson(asked) ? words(404)(asked) : words(415)(asked))],
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
    ["in the API's words", rpcStatus(503, 14)],
    ["as a page", page(503)],
    ["that says when to come back", empty(503, { "retry-after": "1" })],
  ],
  "429 to all": [
    ["in the API's words", rpcStatus(429, 8)],
    ["in other words", words(429)],
    ["without a word", empty(429, { "retry-after": "1" })],
    [
      "after the first",
      (asked) =>
        asked.index === 0 ? json(400, { code: 3, message: "bad" }) : json(429, { code: 8, message: "slow" }),
    ],
  ],
  garbage: [
    [
      "under the name of binary",
      () => ({ status: 404, type: "application/x-protobuf", body: Uint8Array.of(0xff, 0x07, 1) }),
    ],
    ["under the name of JSON", () => ({ status: 404, type: "application/json", body: "{{{" })],
    ["with 200", () => ({ status: 200, type: "application/x-protobuf", body: Uint8Array.of(0xff, 0x07, 1) })],
    ["without a name", () => ({ status: 500, body: Uint8Array.of(0, 1, 2, 3) })],
    [
      "a Status in binary, whatever is asked for",
      () => rpcStatus(404, 5)({ accept: "application/x-protobuf" } as Asked),
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
  test.each(variants)("%s: nothing is proven, and little is asked", async (_, server) => {
    const { report, seen } = await probed(server);
    expect(withVerdict(report, "proven")).toEqual([]);
    expect(report.configField).toBeUndefined();
    expect(seen.length).toBeLessThanOrEqual(5);
    // At most one thing can be seen: that the API is not here, or that the token is not good for whatever is here.
    const refuted = withVerdict(report, "refuted");
    expect([[], ["reachable"], ["token"]]).toContainEqual(refuted);
  });
});

describe("what it says instead", () => {
  const said = (report: ProbeReport, id: FindingId) =>
    report.findings.find((each) => each.id === id)?.meaning ?? "";

  test("a page, and where it is", async () => {
    const { report, seen } = await probed(page(200));
    const url = `${report.baseUrl}/jobs/…/run`;
    expect(report.stopped).toBe(
      `POST ${url} was answered with a page, 200 (text/html; charset=utf-8): Welcome`,
    );
    expect(said(report, "reachable")).toContain(
      `${report.stopped}. That is not this API: look at the base URL.`,
    );
    expect(said(report, "unknown-job")).toContain("neither yes nor no");
    expect(report.summary).toContain("a page");
    expect(seen).toHaveLength(1);
  });

  test.each([
    ["404", page(404), "a page"],
    ["a redirect", empty(307, { location: "/elsewhere" }), "a redirect"],
    ["405", empty(405), "something else"],
  ])("%s, and where it is", async (_, server, what) => {
    const { report } = await probed(server);
    expect(said(report, "reachable")).toContain(`POST ${report.baseUrl}/jobs/…/run responses with ${what}`);
    expect(withVerdict(report, "refuted")).toEqual(["reachable"]);
  });

  test.each([
    ["nothing", empty(204), "nothing, 204"],
    ["an empty message", () => json(200, {}), "something that is not the API's word, 200"],
  ])("%s with 2xx says neither yes nor no", async (_, server, what) => {
    const { report, seen } = await probed(server);
    expect(report.stopped).toContain(`was answered with ${what}`);
    expect(withVerdict(report, "refuted")).toEqual([]);
    expect(seen).toHaveLength(1);
  });

  test("a server that reads every body, wherever it is sent", async () => {
    const { report } = await probed(
      parsesFirst(json(400, { code: 3, message: "bad" }), json(404, { code: 5, message: "no" })),
    );
    expect(said(report, "reachable")).toContain("wherever it is sent to");
    expect(said(report, "unknown-job")).toContain("was not shown to be there");
  });
});

// Two kinds of servers that know nothing of jobs, each in all its forms.
describe("nothing is proven of a server whose responses depend", () => {
  const pool: readonly Server[] = [
    rpcStatus(400, 3),
    rpcStatus(401, 16),
    rpcStatus(403, 7),
    rpcStatus(404, 5),
    rpcStatus(500, 13),
    rpcStatus(503, 14),
    words(400),
    words(404),
    page(404),
    page(200),
  ];
  const tableOf = () => fc.array(fc.nat({ max: pool.length - 1 }), { minLength: 16, maxLength: 16 });
  const hash = (text: string) => [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 9973, 7);

  test.each<[string, (asked: Asked) => string]>([
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
          const { report } = await probed((asked) => {
            const pick = table[hash(keyOf(asked)) % table.length] ?? 0;
            return (pool[pick] as Server)(asked);
          });
          expect(withVerdict(report, "proven")).toEqual([]);
        }),
        { numRuns: 60 },
      );
    },
    30_000,
  );
});

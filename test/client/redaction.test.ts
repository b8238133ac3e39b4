// A credential that a server repeats, anywhere in a response and in any spelling, is not shown.
import { tracingChannel } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { Code, JobsClient, type JobsClientOptions, JobsError, RpcError } from "../../src/index.ts";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { runInProcess } from "../cli/run-in-process.ts";
import { caught } from "../support/caught.ts";
import { httpServer } from "../support/loopback.ts";
import { spellings } from "../support/spellings.ts";

type Respond = (response: ServerResponse, request: IncomingMessage) => void;

/** A server with a replaceable `respond`, which exchanges API keys for a replaceable `token`. */
async function echoServer() {
  const behavior: { respond: Respond; token: string } = { respond: () => undefined, token: "" };
  const { origin } = await httpServer(async (request, response) => {
    for await (const _ of request);
    if (!request.url?.endsWith("/auth/access_token")) return behavior.respond(response, request);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ token: behavior.token, expiresIn: "3600" }));
  });
  return Object.assign(behavior, { baseUrl: `${origin}/v1/customer` });
}

const quoted = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");

/** Makes a call that sends the secret and fails. */
type FailingCall = (secret: string, baseUrl: string) => Promise<RpcError>;

const withClient =
  (options: (secret: string) => Partial<JobsClientOptions>): FailingCall =>
  async (secret, baseUrl) => {
    const given = { baseUrl, retry: false, accessToken: "another", ...options(secret) } as JobsClientOptions;
    await using client = new JobsClient(given);
    return await caught(client.abort("job-1"));
  };

const withTransport =
  (headers: (secret: string) => Record<string, string | (() => string)>): FailingCall =>
  async (secret, baseUrl) => {
    await using transport = createRestTransport({ baseUrl, retry: false, headers: headers(secret) });
    return await caught(createClient(Customer, transport).abortJob({ jobId: "job-1" }));
  };

const withCall =
  (options: (secret: string) => Parameters<JobsClient["abort"]>[1]): FailingCall =>
  async (secret, baseUrl) => {
    await using client = new JobsClient({ baseUrl, retry: false, accessToken: "another" });
    return await caught(client.abort("job-1", options(secret)));
  };

const jobsClientCalls: Readonly<Record<string, FailingCall>> = {
  accessToken: withClient((secret) => ({ accessToken: secret })),
  "accessToken with a scheme": withClient((secret) => ({ accessToken: `Bearer ${secret}` })),
  "accessToken with whitespace": withClient((secret) => ({ accessToken: ` ${secret}\t` })),
  "accessToken as a function": withClient((secret) => ({ accessToken: async () => `Bearer ${secret}` })),
  apiKey: withClient((secret) => ({ accessToken: undefined, apiKey: secret })),
  "Authorization of a call": withCall((secret) => ({ headers: { Authorization: `Bearer ${secret}` } })),
  "another header": withCall((secret) => ({ headers: { "X-Api-Key": secret } })),
  metadata: withCall((secret) => ({
    metadata: { "x-token-bin": [Buffer.from("another"), Buffer.from(secret, "latin1")] },
  })),
};

const failingCalls: Readonly<Record<string, FailingCall>> = {
  ...jobsClientCalls,
  "Authorization of a transport": withTransport((secret) => ({ authorization: `Bearer ${secret}` })),
  "Authorization as a function": withTransport((secret) => ({ authorization: () => `Token ${secret}` })),
  "the user of Basic": withTransport((secret) => ({ authorization: `Basic ${base64(`${secret}:pass`)}` })),
  "the password of Basic": withTransport((secret) => ({ authorization: `Basic ${base64(`me:${secret}`)}` })),
  Digest: withTransport((secret) => ({
    authorization: `Digest username="me", response=${quoted(secret)}, qop=auth`,
  })),
  "a cookie": withTransport((secret) => ({ cookie: `theme=dark; session=${secret}; lang=en` })),
};

/** Whether the call fails: a GenericResponse with status 200 is an error only for a JobsClient. */
const isFailure = (callName: string, place: string) =>
  !place.startsWith("a GenericR") || callName in jobsClientCalls;

const sentence = (text: string) => `you sent ${text}, go away`;
const json = { "content-type": "application/json" };
const binary = { "content-type": "application/x-protobuf" };

const withHeaders =
  (status: number, headers: (spelled: string) => Record<string, string | string[]>, body = ""): Place =>
  (spelled) =>
  (response) => {
    response.writeHead(status, headers(spelled));
    response.end(body);
  };

const withBody =
  (status: number, headers: Record<string, string>, body: (spelled: string) => Uint8Array | string): Place =>
  (spelled) =>
  (response) => {
    response.writeHead(status, headers);
    response.end(body(spelled));
  };

/** Where a server repeats the secret. */
type Place = (spelled: string) => Respond;

const errorInfo = (spelled: string) =>
  create(ErrorInfoSchema, {
    reason: sentence(spelled),
    metadata: { sent: spelled, more: sentence(spelled) },
  });

const places: Readonly<Record<string, Place>> = {
  "the message of a JSON Status": withBody(401, json, (spelled) =>
    JSON.stringify({ code: 16, message: sentence(spelled) }),
  ),
  "the message of a binary Status": withBody(401, binary, (spelled) =>
    toBinary(StatusSchema, create(StatusSchema, { code: 16, message: sentence(spelled) })),
  ),
  "the details in JSON": withBody(401, json, (spelled) => {
    const { reason, metadata } = errorInfo(spelled);
    const detail = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, metadata };
    return JSON.stringify({ code: 16, message: "no", details: [detail] });
  }),
  "the details in binary": withBody(401, binary, (spelled) => {
    const details = [anyPack(ErrorInfoSchema, errorInfo(spelled))];
    return toBinary(StatusSchema, create(StatusSchema, { code: 16, message: "no", details }));
  }),
  "a GenericResponse in JSON": withBody(200, json, (spelled) =>
    JSON.stringify({ ok: false, requestId: spelled, message: sentence(spelled) }),
  ),
  "a GenericResponse in binary": withBody(200, binary, (spelled) =>
    toBinary(
      GenericResponseSchema,
      create(GenericResponseSchema, { requestId: spelled, error: { message: sentence(spelled) } }),
    ),
  ),
  "a header": withHeaders(401, (spelled) => ({ "x-sent": sentence(spelled) })),
  "WWW-Authenticate": withHeaders(401, (spelled) => ({
    "www-authenticate": `Bearer error="invalid_token", error_description=${quoted(sentence(spelled))}`,
  })),
  "Set-Cookie": withHeaders(403, (spelled) => ({
    "set-cookie": ["a=b", `session=${spelled}; Path=/`],
  })),
  "a redirect": withHeaders(302, (spelled) => ({ location: `https://other.example/login?token=${spelled}` })),
  "an HTML page": withBody(502, { "content-type": "text/html" }, (spelled) => {
    return `<html><head><title>${sentence(spelled)}</title></head><body><p>${sentence(spelled)}</body></html>`;
  }),
  "an HTML page with status 200": withBody(
    200,
    { "content-type": "text/html" },
    (spelled) => `<p>${sentence(spelled)}</p>`,
  ),
  "invalid JSON": withBody(200, json, (spelled) => `{"message": ${spelled} }`),
  "JSON of another type": withBody(200, json, (spelled) => JSON.stringify({ ok: spelled })),
  "compressed text": withBody(500, { "content-type": "text/plain", "content-encoding": "gzip" }, (spelled) =>
    gzipSync(sentence(spelled)),
  ),
  "a header before a lost connection": (spelled) => (response, request) => {
    response.writeHead(200, { ...binary, "content-length": "99", "x-sent": spelled });
    response.write("x", () => request.socket.destroy());
  },
  "an invalid HTTP response": (spelled) => (_response, request) => {
    request.socket.end(`HTTP/1.1 401 No\r\nno header, ${spelled}\r\n\r\n`, "latin1");
  },
};

const character = fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code));
/** Random characters of a header value around the marker, without the separators of cookies and Basic, and without `*`. */
const surroundings = fc
  .string({ unit: character, maxLength: 12 })
  .map((text) => text.replace(/[\x7f-\x9f*:;]/g, "/").replace(/^ +| +$/g, "="));
const marker = fc.stringMatching(/^[A-Za-z0-9]{12}$/);

/** All texts that can be read from an error. */
function shownBy(error: unknown): string[] {
  const texts = [String(error), inspect(error, { depth: 12, showHidden: true, maxStringLength: null })];
  if (!(error instanceof RpcError)) return texts;
  const { message, reason, stack = "", headers, body = new Uint8Array(), details, cause } = error;
  const response = error instanceof JobsError ? [error.response.requestId, error.response.message] : [];
  const bytes = [body, ...details.map(({ value }) => value ?? new Uint8Array())];
  return [
    ...texts,
    message,
    reason,
    stack,
    ...response,
    JSON.stringify(error),
    ...Object.values(headers).flatMap((value) => value ?? []),
    ...bytes.flatMap((each) => [Buffer.from(each).toString("latin1"), Buffer.from(each).toString("utf8")]),
    ...details.map(({ json }) => inspect(json, { depth: 9 })),
    ...(cause instanceof Error ? shownBy(cause) : []),
  ];
}

/** The texts that must not be shown: a part from the middle of the secret, as it is and as spelled. */
function tracesOf(secret: string, part: string, spelling: string): string[] {
  const spell = spellings[spelling] as (text: string) => string;
  return [part, spelling.includes("base64") ? spell(secret).slice(4, 16) : spell(part)];
}

/** Collects the errors on the diagnostics channels until the test ends. */
function observed(): { take(): unknown[] } {
  const errors: unknown[] = [];
  const onError = (event: unknown) => errors.push((event as { readonly error?: unknown }).error, event);
  for (const name of ["bytenite-jobs:call", "bytenite-jobs:attempt"]) {
    const { error } = tracingChannel(name);
    error.subscribe(onError);
    onTestFinished(() => void error.unsubscribe(onError));
  }
  return { take: () => errors.splice(0) };
}

const pick = (record: object) => fc.constantFrom(...Object.keys(record));

test("no error and no event shows a secret, wherever the server repeats it", async () => {
  const server = await echoServer();
  const events = observed();
  const property = fc.asyncProperty(
    pick(failingCalls),
    pick(places),
    pick(spellings),
    surroundings,
    marker,
    surroundings,
    async (callName, place, spelling, before, part, after) => {
      fc.pre(isFailure(callName, place));
      const secret = before + part + after;
      const spelled = (spellings[spelling] as (text: string) => string)(secret);
      server.token = "another";
      server.respond = (places[place] as Place)(spelled);
      const error = await (failingCalls[callName] as FailingCall)(secret, server.baseUrl);
      const seen = events.take();
      expect(seen.length).toBeGreaterThanOrEqual(4 - 2 * Number(error instanceof JobsError));
      const texts = [error, ...seen].flatMap(shownBy);
      for (const trace of tracesOf(secret, part, spelling)) {
        expect(texts.find((text) => text.includes(trace))).toBe(undefined);
      }
    },
  );
  await fc.assert(property, { numRuns: 400 });
}, 60_000);

test("a token that was exchanged for an API key is not shown", async () => {
  const server = await echoServer();
  const property = fc.asyncProperty(pick(places), pick(spellings), marker, async (place, spelling, part) => {
    const spelled = (spellings[spelling] as (text: string) => string)(part);
    server.token = `Bearer ${part}`;
    server.respond = (places[place] as Place)(spelled);
    const texts = shownBy(await (failingCalls.apiKey as FailingCall)("the-key", server.baseUrl));
    for (const trace of tracesOf(part, part, spelling)) {
      expect(texts.find((text) => text.includes(trace))).toBe(undefined);
    }
  });
  await fc.assert(property, { numRuns: 100 });
}, 60_000);

test("a secret that the end of the response truncates is not shown", async () => {
  const server = await echoServer();
  const property = fc.asyncProperty(
    pick(failingCalls),
    pick(spellings),
    surroundings,
    marker,
    fc.constantFrom(json, { "content-type": "text/plain" }),
    async (callName, spelling, after, part, headers) => {
      const secret = part + after;
      const spell = spellings[spelling] as (text: string) => string;
      const isInBase64 = spelling.includes("base64");
      const truncated = isInBase64 ? spell(secret).slice(0, 17) : spell(secret.slice(0, 10));
      server.respond = (response, request) => {
        response.writeHead(401, { ...headers, connection: "close" });
        response.write(`{"code":16,"message":"you sent ${truncated}`, () => request.socket.end());
      };
      const error = await (failingCalls[callName] as FailingCall)(secret, server.baseUrl);
      const trace = isInBase64 ? truncated.slice(4, 16) : spell(secret.slice(0, 10));
      expect(shownBy(error).find((text) => text.includes(trace))).toBe(undefined);
    },
  );
  await fc.assert(property, { numRuns: 100 });
}, 60_000);

test("a secret across the end of the body that an error keeps is not shown", async () => {
  const server = await echoServer();
  const secret = "abcdefgh12345678";
  for (let kept = 1; kept < secret.length; kept++) {
    const body = `${"x".repeat(64 * 1024 - kept)}${secret}`;
    server.respond = (response) => response.writeHead(500, { "content-type": "text/plain" }).end(body);
    const error = await (failingCalls.accessToken as FailingCall)(secret, server.baseUrl);
    expect(Buffer.from(error.body ?? []).toString()).toBe(body.slice(0, -secret.length) + "*".repeat(kept));
  }
});

test("what is read from a body does not depend on what is redacted in it", async () => {
  const server = await echoServer();
  const body =
    '{"code":9,"message":"not now 1234","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1234s"},{"@type":"t/x","n":1234}]}';
  server.respond = (response) => response.writeHead(400, json).end(body);
  const headers = { "x-session-id": "1234", "x-lang": () => "code" };
  await using client = new JobsClient({ baseUrl: server.baseUrl, accessToken: "another", headers });
  const error = await caught(client.abort("job-1"));
  expect(error).toMatchObject({ code: Code.FailedPrecondition, outcome: "rejected", reason: "not now ****" });
  expect(error.details).toMatchObject([{ json: { retryDelay: "****s" } }, { json: { n: "****" } }]);
  expect(error.findDetails(RetryInfoSchema)).toMatchObject([{ retryDelay: { seconds: 1234n } }]);
  expect(Buffer.from(error.body ?? []).toString()).not.toMatch(/1234|code/);
});

test("the command line does not print a secret", async () => {
  const server = await echoServer();
  const property = fc.asyncProperty(
    pick(places),
    pick(spellings),
    fc.constantFrom("", "Bearer "),
    fc.constantFrom("run", "probe"),
    fc.boolean(),
    surroundings,
    marker,
    surroundings,
    async (place, spelling, scheme, command, isJson, before, part, after) => {
      const secret = before + part + after;
      const spelled = (spellings[spelling] as (text: string) => string)(secret);
      server.respond = (places[place] as Place)(spelled);
      const args = [command, ...(command === "probe" ? [] : ["job-1"]), ...(isJson ? ["--json"] : [])];
      const env = { BYTENITE_BASE_URL: server.baseUrl, BYTENITE_ACCESS_TOKEN: scheme + secret };
      const { status, stdout, stderr } = await runInProcess([...args, "--timeout", "5000"], env);
      expect(status).not.toBe(0);
      const printed = [stdout, stderr, inspect(isJson ? JSON.parse(stdout) : "", { depth: 12 })];
      for (const trace of tracesOf(secret, part, spelling)) {
        expect(printed.find((text) => text.includes(trace))).toBe(undefined);
      }
    },
  );
  await fc.assert(property, { numRuns: 60 });
}, 60_000);

test("a token of an earlier attempt is not shown", async () => {
  const server = await echoServer();
  let count = 0;
  server.respond = (response) =>
    response.writeHead(401, json).end(JSON.stringify({ message: "no first-token" }));
  const accessToken = () => (count++ === 0 ? "first-token" : "second-token");
  await using client = new JobsClient({ baseUrl: server.baseUrl, accessToken });
  const error = await caught(client.abort("job-1"));
  expect(error).toMatchObject({ attempts: 2, reason: "no ***********" });
});

test("what is read from headers does not depend on what is redacted in them", async () => {
  const server = await echoServer();
  server.respond = (response) =>
    response.writeHead(429, { ...json, "retry-after": "1234" }).end('{"code":8,"message":"slow down"}');
  const headers = { "x-session-id": "1234", "x-format": () => "json" };
  await using client = new JobsClient({ baseUrl: server.baseUrl, accessToken: "another", headers });
  expect(await caught(client.run("job-1"))).toMatchObject({
    outcome: "rejected",
    attempts: 1,
    reason: "slow down",
    headers: { "retry-after": "****", "content-type": "application/****" },
  });
});

// Some servers and proxies repeat what they were sent.
import { inspect } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { type Interceptor, JobsError, RpcError } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { type Scripted, scriptedServer } from "../support/scripted-server.ts";

/** Holds the characters that JSON and binary may escape. */
const token = `zq/9xK4<+>"&w7Lm`;
const json = { "content-type": "application/json" };
const binary = { "content-type": "application/x-protobuf" };

function shown(error: unknown): string {
  const bodies = error instanceof RpcError && error.body ? Buffer.from(error.body).toString("latin1") : "";
  return inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }) + String(error) + bodies;
}

/** Expects that no spelling of the token can be read. */
function expectHidden(error: unknown): void {
  expect(error).toBeInstanceOf(RpcError);
  const text = shown(error);
  for (const part of ["9xK4", "w7Lm"]) expect(text).not.toContain(part);
}

const sentence = `you sent ${token}, go away`;
const asGo = JSON.stringify({ code: 16, message: sentence }).replace(
  /[<>&]/g,
  (c) => `\\u00${c.charCodeAt(0).toString(16)}`,
);

const responses: readonly (readonly [string, Scripted])[] = [
  ["in text", { status: 500, headers: { "content-type": "text/plain" }, body: sentence }],
  ["in a header", { status: 401, headers: { "x-you-sent": token }, body: "" }],
  ["in a JSON Status", { status: 401, headers: json, body: JSON.stringify({ code: 16, message: sentence }) }],
  ["in a JSON Status of Go", { status: 401, headers: json, body: asGo }],
  [
    "in a JSON Status of PHP",
    {
      status: 401,
      headers: json,
      body: JSON.stringify({ code: 16, message: sentence }).replaceAll("/", "\\/"),
    },
  ],
  [
    "in a binary Status",
    {
      status: 401,
      headers: binary,
      body: toBinary(StatusSchema, create(StatusSchema, { code: 16, message: sentence })),
    },
  ],
  ["in JSON of another type", { headers: json, body: JSON.stringify({ ok: sentence }) }],
  [
    "with an unknown content type",
    { headers: { "content-type": `text/${"x"}`, "x-sent": token }, body: sentence },
  ],
  [
    "in a GenericResponse that is not ok",
    {
      headers: { ...binary, "x-sent": token },
      body: toBinary(
        GenericResponseSchema,
        create(GenericResponseSchema, { requestId: token, message: sentence, error: { message: sentence } }),
      ),
    },
  ],
  ["before a body that is too long", { headers: { ...binary, "x-sent": token }, body: "x".repeat(2_000) }],
  [
    "before a body that cannot be decompressed",
    { headers: { ...binary, "content-encoding": "gzip", "x-sent": token }, body: sentence },
  ],
];

describe.each(responses)("a token that the server repeats %s", (_name, response) => {
  const options = { retry: false, maxResponseBytes: 1_000 } as const;

  test("is not shown by the error if it is fixed", async () => {
    const { baseUrl } = await scriptedServer(response);
    expectHidden(await caught(jobsClient(baseUrl, { ...options, accessToken: token }).abort("job-1")));
  });

  test("is not shown by the error if a function returns it", async () => {
    const { baseUrl } = await scriptedServer(response);
    const accessToken = async () => token;
    expectHidden(await caught(jobsClient(baseUrl, { ...options, accessToken }).abort("job-1")));
  });

  test.each(["headers", "metadata"] as const)(
    "is not shown by the error if it is in the %s of the call",
    async (option) => {
      const { baseUrl } = await scriptedServer(response);
      const call = jobsClient(baseUrl, options).abort("job-1", { [option]: { "x-api-key": token } });
      expectHidden(await caught(call));
    },
  );
});

test("a secret in binary metadata is redacted in base64", async () => {
  const secret = Buffer.from("a secret of many bytes");
  const sent = secret.toString("base64");
  const server = await scriptedServer({ status: 500, headers: { "content-type": "text/plain" }, body: sent });
  const error = await caught(jobsClient(server.baseUrl).abort("job-1", { metadata: { "auth-bin": secret } }));
  expect(server.seen[0]?.headers["grpc-metadata-auth-bin"]).toBe(sent);
  expect(shown(error)).not.toContain(sent);
  expect(error.reason).toBe("*".repeat(sent.length));
});

test("a secret is redacted even if the caller has changed its object since", async () => {
  const { baseUrl } = await scriptedServer({
    status: 500,
    headers: { "content-type": "text/plain" },
    body: sentence,
  });
  const headers: Record<string, string> = { "x-token": token };
  const called = caught(jobsClient(baseUrl).abort("job-1", { headers }));
  delete headers["x-token"];
  expectHidden(await called);
});

test("the text around a secret stays readable, also in a GenericResponse", async () => {
  const body = toBinary(
    GenericResponseSchema,
    create(GenericResponseSchema, { requestId: "req-1", message: "no token-12345 here" }),
  );
  const { baseUrl } = await scriptedServer({ headers: binary, body });
  const accessToken = "token-12345";
  const error = await caught(jobsClient(baseUrl, { accessToken }).abort("job-1"));
  expect(error).toBeInstanceOf(JobsError);
  expect(error).toMatchObject({
    reason: "no *********** here",
    response: { requestId: "req-1", message: "no *********** here" },
  });
});

test("a secret is redacted if an interceptor has rebuilt the response", async () => {
  const body = toBinary(GenericResponseSchema, create(GenericResponseSchema, { message: sentence }));
  const { baseUrl } = await scriptedServer({ headers: binary, body });
  const rebuilt: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (response.stream) return response;
    const { message, status, headers, metadata, attempts, history } = response;
    return { message, status, headers, metadata, attempts, history };
  };
  const interceptors = [rebuilt, rebuilt];
  expectHidden(await caught(jobsClient(baseUrl, { accessToken: token, interceptors }).abort("job-1")));
});

test("a response does not show the token", async () => {
  const { baseUrl } = await scriptedServer({ headers: binary, body: Uint8Array.of(8, 1) });
  let seen: unknown;
  const client = jobsClient(baseUrl, {
    accessToken: token,
    interceptors: [
      (next) => async (request) => {
        const response = await next(request);
        seen = response;
        return { ...response };
      },
    ],
  });
  await client.abort("job-1");
  expect(inspect(seen, { depth: 10, showHidden: true })).not.toContain("9xK4");
});

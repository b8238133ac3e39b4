// Errors of streams of responses, in the midst and in the place of one, and retries.
import { createServer } from "node:net";
import { inspect } from "node:util";
import { create, toJson } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.js";
import { Connections } from "../../src/client/connections.ts";
import type { DynamicValue } from "../../src/client/dynamic-values.ts";
import { createTransport } from "../../src/client/rest-transport.ts";
import { transportSettings } from "../../src/client/rest-transport-options.ts";
import { codeFromHttpStatus } from "../../src/errors/http-status.ts";
import { genericResponseBody } from "../../src/jobs/jobs-error.ts";
import { Code, createClient, type RestTransportOptions } from "../../src/transport.ts";
import { closedPort } from "../support/loopback.ts";
import { scriptedServer } from "../support/scripted-server.ts";
import { type Odd, Streams } from "./support/stream-service.ts";
import {
  chunkedHead,
  chunkedResponse,
  chunks,
  collected,
  LAST_CHUNK,
  rawServer,
  response,
  send,
  streams,
  titles,
} from "./support/streams.ts";

const info = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "7s" };
const gone = { code: 5, message: "gone", details: [info] };

describe("an error in the midst comes after the messages before it", () => {
  const errors: [form: string, error: string, contentType?: string][] = [
    ["of grpc-gateway", `${JSON.stringify({ error: gone })}\n`],
    ["of grpc-gateway, without a newline", JSON.stringify({ error: gone })],
    ["of grpc-gateway, pretty-printed", JSON.stringify({ error: gone }, undefined, 2)],
    [
      "of grpc-gateway 1",
      JSON.stringify({
        error: { grpc_code: 5, http_code: 404, message: "gone", http_status: "Not Found", details: [info] },
      }),
    ],
    [
      "of Google",
      JSON.stringify({ error: { code: 404, message: "gone", status: "NOT_FOUND", details: [info] } }),
    ],
    ["in an event", `event: error\ndata: ${JSON.stringify({ error: gone })}\n\n`, "text/event-stream"],
    ["in an event without its blank line", `data: ${JSON.stringify({ error: gone })}\n`, "text/event-stream"],
  ];
  test.each(errors)("%s", async (_form, error, contentType) => {
    const line = '{"result":{"title":"a"}}';
    const before = contentType === undefined ? `${line}\n` : `data: ${line}\n\n`;
    const server = await rawServer(send(chunkedResponse(before + error, contentType)));
    const result = await titles(streams(server.origin).client.watch({}));
    expect(result).toMatchObject({
      titles: ["a"],
      error: { code: Code.NotFound, reason: "gone", outcome: "unknown", status: 200, attempts: 1 },
    });
    expect(result.error?.findDetails(RetryInfoSchema)).toEqual([
      create(RetryInfoSchema, { retryDelay: { seconds: 7n } }),
    ]);
    expect(Buffer.from(result.error?.body ?? []).toString()).toContain('"gone"');
    expect(result.error?.headers["transfer-encoding"]).toBe("chunked");
  });

  test("in an array", async () => {
    const server = await rawServer(
      send(chunkedResponse(`[{"title":"a"},${JSON.stringify({ error: gone })}]`)),
    );
    expect(await titles(streams(server.origin).client.watch({}))).toMatchObject({
      titles: ["a"],
      error: { code: Code.NotFound },
    });
  });

  test("with a text, or without a code", async () => {
    const server = await rawServer(
      send(chunkedResponse('{"error":"no more"}')),
      send(chunkedResponse('{"error":{"message":"no more"}}')),
    );
    const { client } = streams(server.origin);
    for (let i = 0; i < 2; i++) {
      const { error } = await titles(client.watch({}));
      expect(error).toMatchObject({ code: Code.Unknown, reason: "no more" });
    }
  });

  test("frees the connection, although the server sends on", async () => {
    const server = await rawServer((socket) => {
      socket.write(chunkedHead() + chunks('{"error":{"code":5,"message":"gone"}}\n'));
    });
    expect((await titles(streams(server.origin).client.watch({}))).error?.reason).toBe("gone");
    await expect.poll(() => server.sockets.size).toBe(0);
  });
});

test("a credential that a server repeats in an error in the midst is redacted", async () => {
  const server = await rawServer(
    send(chunkedResponse('{"error":{"code":7,"message":"bad token s3cr3t-token"}}')),
  );
  const { client } = streams(server.origin, { headers: { authorization: "Bearer s3cr3t-token" } });
  const { error } = await titles(client.watch({}));
  expect(error?.code).toBe(Code.PermissionDenied);
  expect(`${inspect(error, { depth: 9, showHidden: true })}${error?.reason}${error?.stack}`).not.toContain(
    "s3cr3t",
  );
  expect(Buffer.from(error?.body ?? []).toString()).not.toContain("s3cr3t");
});

describe("the envelope", () => {
  const odds = async (body: string) => {
    const server = await rawServer(send(chunkedResponse(body)));
    const { got, error } = await collected(
      streams(server.origin).client.odds({}) as unknown as AsyncIterable<Odd>,
    );
    return { got: got.map(({ result, error, title }) => ({ result: result?.title, error, title })), error };
  };

  test("is unwrapped around a message with fields `result` and `error`", async () => {
    const { got, error } = await odds(
      '{"result":{"result":{"title":"a"},"error":"x"}}{"result":{"title":"t"}}',
    );
    expect(error).toBeUndefined();
    expect(got).toEqual([
      { result: "a", error: "x", title: "" },
      { result: undefined, error: "", title: "t" },
    ]);
  });

  test("is none if the message has other fields beside its own `result`", async () => {
    const { got } = await odds('{"result":{"title":"a"},"title":"t"}{"error":"x","title":"u"}{"error":"y"}');
    expect(got).toEqual([
      { result: "a", error: "", title: "t" },
      { result: undefined, error: "x", title: "u" },
      { result: undefined, error: "y", title: "" },
    ]);
  });

  test("of an error is known by its Status where the message has a field `error`", async () => {
    const { got, error } = await odds('{"result":{"title":"a"}}{"error":{"code":5,"message":"gone"}}');
    expect(got).toMatchObject([{ title: "a" }]);
    expect(error).toMatchObject({ code: Code.NotFound, reason: "gone" });
  });

  test("of an error is none for a message whose `error` is a message with a code that is a text", async () => {
    const server = await rawServer(
      send(chunkedResponse('{"error":{"code":"5","message":"m"}}{"result":{"ok":true}}')),
    );
    const { got, error } = await collected(streams(server.origin).client.replies({}));
    expect(error).toBeUndefined();
    expect(got).toMatchObject([{ error: { code: 5n, message: "m" } }, { ok: true }]);
  });

  test("holds the field that response_body names", async () => {
    const server = await rawServer(send(chunkedResponse('{"result":"a"}\n"b"\n["c"]\n')));
    const result = await titles(streams(server.origin).client.titles({}));
    expect(result.titles).toEqual(["a", "b"]);
    expect(result.error).toMatchObject({ code: Code.DataLoss });
  });

  test("may repeat no key", async () => {
    const server = await rawServer(send(chunkedResponse('{"result":{"title":"a"},"result":{"title":"b"}}')));
    expect(await titles(streams(server.origin).client.watch({}))).toMatchObject({
      titles: [],
      error: { code: Code.DataLoss },
    });
  });
});

describe("an error in the place of a stream", () => {
  const statuses = [302, 400, 401, 403, 404, 408, 409, 412, 416, 418, 429, 499, 500, 501, 502, 503, 504];
  test.each(statuses)("%i, with the envelope of grpc-gateway and without a body", async (status) => {
    const body = JSON.stringify({ error: gone });
    const server = await rawServer(send(response(status, body)), send(response(status, "")));
    const { client } = streams(server.origin, { retry: false });
    const first = await titles(client.watch({}));
    expect(first).toMatchObject({
      titles: [],
      error: { code: Code.NotFound, reason: "gone", status, attempts: 1 },
    });
    expect(first.error?.details).toHaveLength(1);
    const second = await titles(client.watch({}));
    expect(second).toMatchObject({ titles: [], error: { code: codeFromHttpStatus(status), status } });
  });

  test("is read by readError", async () => {
    const server = await rawServer(send(response(409, '{"why":"taken"}')));
    const readError: RestTransportOptions["readError"] = ({ body }) => ({
      code: Code.AlreadyExists,
      message: JSON.parse(Buffer.from(body).toString()).why,
    });
    const { error } = await titles(streams(server.origin, { readError }).client.watch({}));
    expect(error).toMatchObject({
      code: Code.AlreadyExists,
      reason: "taken",
      outcome: "rejected",
      status: 409,
    });
  });

  test("over the limit", async () => {
    const server = await rawServer(send(response(404, "x".repeat(200))));
    const { error } = await titles(streams(server.origin, { maxResponseBytes: 100 }).client.watch({}));
    expect(error).toMatchObject({ code: Code.ResourceExhausted, status: 404, outcome: "rejected" });
  });

  test.each([400, 415])("%i to a binary request: the call is sent once more, in JSON", async (status) => {
    const json = { "content-type": "application/json" };
    const server = await scriptedServer({ status }, { headers: json, body: '{"result":{"title":"a"}}\n' });
    const { client } = streams(server.origin, { encoding: { request: "protobuf", response: "json" } });
    expect(await titles(client.start({ title: "x" }))).toMatchObject({ titles: ["a"] });
    expect(await titles(client.start({ title: "x" }))).toMatchObject({ titles: ["a"] });
    const types = server.seen.map(({ headers }) => headers["content-type"]);
    expect(types).toEqual(["application/x-protobuf", "application/json", "application/json"]);
    expect(server.seen[1]?.body.toString()).toBe(
      JSON.stringify(toJson(BookSchema, create(BookSchema, { title: "x" }))),
    );
  });

  test("a request of one message is sent in JSON, as a gateway's streams need it", async () => {
    const server = await rawServer(send(chunkedResponse("")));
    await titles(streams(server.origin).client.start({ title: "x" }));
    expect(server.heads[0]).toMatch(/^accept: application\/json\r$/im);
    expect(server.heads[0]).toMatch(/^content-type: application\/json\r$/im);
  });
});

describe("retries", () => {
  const good = chunkedResponse('{"title":"a"}\n');
  const firstAttempts: [what: string, sent: string, retry: "all" | "idempotent" | "none"][] = [
    ["nothing", "", "idempotent"],
    ["the head", chunkedHead(), "idempotent"],
    ["a part of a message", chunkedHead() + chunks('{"title":'), "idempotent"],
    ["a message", chunkedHead() + chunks('{"title":"z"}\n'), "none"],
    ["429 with Retry-After", response(429, "", ["retry-after: 0"]), "all"],
    ["429", response(429, ""), "idempotent"],
    ["503 with Retry-After", response(503, "", ["retry-after: 0"]), "idempotent"],
    ["503", response(503, ""), "idempotent"],
    ["504", response(504, ""), "idempotent"],
    ["500", response(500, ""), "none"],
    ["404", response(404, ""), "none"],
    ["a message that cannot be decoded", chunkedResponse("{x}").toString(), "none"],
  ];
  describe.each(["watch", "start"] as const)(
    "%s, after a first attempt that came to its end after",
    (name) => {
      test.each(firstAttempts)("%s", async (_what, sent, retry) => {
        const server = await rawServer((socket) => void socket.end(sent), send(good));
        const result = await titles(streams(server.origin).client[name]({}));
        const isRetried = retry === "all" || (retry === "idempotent" && name === "watch");
        expect(server.heads).toHaveLength(isRetried ? 2 : 1);
        if (isRetried) expect(result).toEqual({ titles: ["a"] });
        else
          expect(result).toMatchObject({ titles: sent.includes('"z"') ? ["z"] : [], error: { attempts: 1 } });
      });
    },
  );

  test("a stream that was opened twice has one response, whose properties follow the attempts", async () => {
    const server = await rawServer(
      (socket) => void socket.end(`${chunkedHead()}`.replace("\r\n\r\n", "\r\nx-attempt: 1\r\n\r\n")),
      send(chunkedResponse('{"title":"a"}\n').toString().replace("\r\n\r\n", "\r\nx-attempt: 2\r\n\r\n")),
    );
    const seen: number[] = [];
    const { transport } = streams(server.origin);
    const opened = await transport.stream(Streams.method.watch, [{}], {
      onResponse: ({ status }) => seen.push(status),
    });
    expect(opened.headers["x-attempt"]).toBe("1");
    expect(await titles(opened.message)).toMatchObject({ titles: ["a"] });
    expect(opened.headers["x-attempt"]).toBe("2");
    expect(opened).toMatchObject({ attempts: 2, history: [{ code: Code.Unavailable }, { code: Code.OK }] });
    expect(seen).toEqual([200]);
  });

  test("end where maxAttempts says, with the error of the last attempt", async () => {
    const server = await rawServer((socket) => void socket.end(chunkedHead()));
    const { client } = streams(server.origin, { retry: { maxAttempts: 3, initialBackoffMs: 1 } });
    const { error } = await titles(client.watch({}));
    expect(error).toMatchObject({ code: Code.Unavailable, attempts: 3, outcome: "unknown", status: 200 });
    expect(server.heads).toHaveLength(3);
  });

  test("an access token is renewed after 401", async () => {
    const server = await rawServer(send(response(401, "")), send(good));
    const settings = transportSettings({ baseUrl: server.origin, retry: false });
    const rejected: string[] = [];
    const credential: DynamicValue = {
      place: "header",
      name: "authorization",
      getValue: () => `token-${rejected.length}`,
      option: "accessToken",
      failureCode: Code.Unauthenticated,
      onRejected: (token) => void rejected.push(token),
    };
    const traits = { credential, errorBody: genericResponseBody };
    const transport = createTransport(settings, new Connections(settings), traits);
    onTestFinished(() => transport.close());
    expect(await titles(createClient(Streams, transport).watch({}))).toEqual({ titles: ["a"] });
    expect(rejected).toEqual(["token-0"]);
    expect(server.heads.map((head) => /authorization: (\S+)/i.exec(head)?.[1])).toEqual([
      "token-0",
      "token-1",
    ]);
  });

  test("a stream of requests is sent again when there was no connection", async () => {
    const port = await closedPort();
    let taken = 0;
    const requests = (function* () {
      taken++;
      yield { title: "a" };
    })();
    let attempts = 0;
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (data) => {
        if (data.includes("0\r\n\r\n")) socket.end(response(200, '{"title":"done"}'));
      });
    });
    const { client } = streams(`http://127.0.0.1:${port}`, {
      retry: {
        initialBackoffMs: 1,
        maxAttempts: 1_000,
        onRetry: () => {
          if (++attempts === 2) server.listen(port, "127.0.0.1");
        },
      },
    });
    try {
      expect(await client.collect(requests)).toMatchObject({ title: "done" });
    } finally {
      server.close();
    }
    expect(taken).toBe(1);
    expect(attempts).toBeGreaterThanOrEqual(2);
  });

  test.each(["collect", "echo"] as const)(
    "a stream of requests that was begun is never sent again: %s",
    async (name) => {
      const server = await rawServer(
        (socket) => void socket.end(response(503, "", ["retry-after: 0"])),
        send(good),
      );
      const { client } = streams(server.origin);
      const call = client[name]([{ title: "a" }]);
      const result = await (call instanceof Promise
        ? collected(
            (async function* () {
              yield await call;
            })(),
          )
        : collected(call));
      expect(result).toMatchObject({
        got: [],
        error: { code: Code.Unavailable, attempts: 1, outcome: "unknown" },
      });
      expect(server.heads).toHaveLength(1);
    },
  );
});

test("a server that ends its stream at once after the last chunk has a clean end", async () => {
  const server = await rawServer(
    (socket) => void socket.end(`${chunkedHead()}${chunks('{"title":"a"}')}${LAST_CHUNK}`),
  );
  expect(await titles(streams(server.origin).client.watch({}))).toEqual({ titles: ["a"] });
});

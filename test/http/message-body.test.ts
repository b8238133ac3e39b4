import fc from "fast-check";
import { Pool } from "undici";
import { expect, onTestFinished, test } from "vitest";
import type { HttpResult } from "../../src/http/http-exchange.ts";
import { isCloseDelimited } from "../../src/http/message-body.ts";
import { UndiciExchange } from "../../src/http/undici-exchange.ts";
import { tcpServer } from "../support/loopback.ts";

test.each([
  ["POST", 200, {}, true],
  ["POST", 200, { "content-length": "0" }, false],
  ["POST", 200, { "transfer-encoding": "chunked" }, false],
  ["POST", 200, { "transfer-encoding": ["gzip", "Chunked"] }, false],
  ["POST", 200, { "transfer-encoding": "gzip ,\tchunked " }, false],
  ["POST", 200, { "transfer-encoding": ["chunked", "gzip"] }, true],
  // A transfer coding overrides content-length (RFC 9112, section 6.3, rule 3).
  ["POST", 200, { "transfer-encoding": "identity", "content-length": "5" }, true],
  ["POST", 204, {}, false],
  ["POST", 304, {}, false],
  ["HEAD", 200, {}, false],
  ["GET", 205, {}, true],
  ["GET", 404, {}, true],
])("%s, %d, %j: only the connection ends the body: %s", (verb, status, headers, expected) => {
  expect(isCloseDelimited(verb, status, headers, [])).toBe(expected);
  // Headers over HTTP/2 are an object, never null or undefined.
  expect(isCloseDelimited(verb, status, headers, null)).toBe(expected);
  expect(isCloseDelimited(verb, status, headers, undefined)).toBe(expected);
  expect(isCloseDelimited(verb, status, headers, {})).toBe(false);
});

test("a response without its last chunk that undici reports as complete is close-delimited, whatever its headers", async () => {
  const coding = fc.constantFrom(
    "chunked",
    "Chunked",
    "gzip",
    "identity",
    "",
    " chunked",
    "chunked ",
    "chunked;q=1",
    "x",
  );
  const line = fc.record({
    name: fc.constantFrom("transfer-encoding", "Transfer-Encoding", "connection", "te"),
    values: fc.array(coding, { minLength: 1, maxLength: 3 }),
  });
  const responses: Buffer[] = [];
  const { origin } = await tcpServer((socket) =>
    socket.once("data", () => socket.end(responses.shift() as Buffer)),
  );
  const dispatcher = new Pool(origin);
  onTestFinished(() => dispatcher.destroy());
  const seen = { whole: 0, lost: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 3 }),
      fc.constantFrom("1.0", "1.1"),
      async (fields, version) => {
        const head = fields.map(({ name, values }) => `${name}: ${values.join(",")}\r\n`).join("");
        // One chunk, without the last one.
        responses.push(Buffer.from(`HTTP/${version} 200 OK\r\n${head}\r\n2\r\nab\r\n`));
        const result = await new Promise<HttpResult>((resolve) => {
          const request = { origin, verb: "POST", target: "/", headers: [], body: null };
          new UndiciExchange(
            { ...request, idempotent: false, maxResponseBytes: 1_000 },
            { onResponse: (response) => resolve({ response }), onFailure: (failure) => resolve({ failure }) },
          ).begin(dispatcher);
        });
        seen["response" in result ? "whole" : "lost"]++;
        if ("response" in result) expect(result.response.isCloseDelimited).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
  expect(Math.min(seen.whole, seen.lost)).toBeGreaterThan(10);
});

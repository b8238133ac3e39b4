// Calls a server that speaks only JSON, compresses, and gives tokens. Prints a line for each step that succeeded.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { brotliCompressSync, gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, GenericResponseSchema, JobsClient, RpcError, RunJobRequestSchema } from "bytenite-jobs";
import { createRestTransport } from "bytenite-jobs/transport";
import { Agent } from "undici";
import { Agent as RealAgent } from "undici/index.js";

interface Exchange {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}
interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

const binary = { "content-type": "application/x-protobuf" };
const json = { "content-type": "application/json" };
/** `{ ok: true, requestId: "req-1" }` */
const response = Buffer.from("\x08\x01\x12\x05req-1", "latin1");
const { bun, deno } = process.versions;

async function main(): Promise<void> {
  let reply: (exchange: Exchange) => Reply;
  const server = createServer(async (request, to) => {
    const { url: path = "", headers } = request;
    const answer = reply({ path, headers, body: await buffer(request) });
    to.writeHead(answer.status ?? 200, answer.headers).end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/customer`;
  const accessToken = "token-1";

  {
    const seen: string[] = [];
    reply = ({ headers, body }) => {
      seen.push(String(headers["content-type"]));
      if (headers["content-type"] !== json["content-type"]) return { status: 415, headers: json, body: "{}" };
      assert.deepEqual(JSON.parse(String(body)), { config: { taskTimeout: 60 } });
      return { headers: json, body: '{"ok":true}' };
    };
    await using jobs = new JobsClient({ baseUrl, accessToken });
    for (const id of ["job-1", "job-2"]) assert.equal((await jobs.run(id, { taskTimeout: 60 })).ok, true);
    assert.deepEqual(seen, [binary["content-type"], json["content-type"], json["content-type"]]);
    console.log("JSON fallback");
  }

  {
    reply = ({ headers, body }) => {
      assert.equal(headers["content-encoding"], "gzip");
      assert.equal(fromBinary(RunJobRequestSchema, gunzipSync(body)).config?.taskTimeout, 60n);
      return { headers: { ...binary, "content-encoding": "gzip" }, body: gzipSync(response) };
    };
    const compressRequests = { encoding: "gzip", minBytes: 1 } as const;
    await using jobs = new JobsClient({ baseUrl, accessToken, compressRequests });
    assert.equal((await jobs.run("job-1", { taskTimeout: 60 })).requestId, "req-1");
    console.log("gzip, both ways");
  }

  // A truncated stream is never taken for the whole. Where a runtime cannot tell, the coding is refused: docs/runtimes.md.
  for (const [coding, compressed, isSafe] of [
    ["gzip", gzipSync(response), true],
    ["br", brotliCompressSync(response), deno === undefined],
    ["zstd", zstdCompressSync(response), true],
  ] as const) {
    for (const body of [compressed, compressed.subarray(0, -1)]) {
      reply = () => ({ headers: { ...binary, "content-encoding": coding }, body });
      await using jobs = new JobsClient({ baseUrl, accessToken });
      const result = await jobs.run("job-1").catch((error: unknown) => error);
      if (isSafe && body === compressed) {
        assert(!(result instanceof Error), String(result));
        assert.deepEqual(toBinary(GenericResponseSchema, result as never), new Uint8Array(response));
      } else {
        assert(result instanceof RpcError);
        assert.equal(result.code, Code.DataLoss);
        assert.equal(result.outcome, "unknown");
        assert.match(
          result.message,
          new RegExp(
            `\\(${coding}\\)${isSafe ? "$" : ": this runtime does not detect that a Brotli stream is truncated"}`,
          ),
        );
      }
    }
    console.log(`${coding} is ${isSafe ? "read whole, or is an error" : "refused"}`);
  }

  {
    let asked = 0;
    const tokens: unknown[] = [];
    reply = ({ path, headers, body }) => {
      if (path === "/v1/auth/access_token") {
        assert.deepEqual(JSON.parse(String(body)), { apiKey: "key-1" });
        return { headers: json, body: `{"token":"token-${++asked}","expiresIn":"3600"}` };
      }
      tokens.push(headers.authorization);
      return headers.authorization === "token-1"
        ? { status: 401, headers: json, body: '{"code":16,"message":"expired"}' }
        : { headers: binary, body: response };
    };
    await using withKey = new JobsClient({ baseUrl, apiKey: "key-1" });
    await Promise.all([withKey.abort("job-1"), withKey.abort("job-2")]);
    assert.equal((await withKey.run("job-1")).ok, true);
    assert.deepEqual(tokens.sort(), ["token-1", "token-1", "token-2", "token-2", "token-2"]);
    await using withFunction = new JobsClient({ baseUrl, accessToken: async () => "token-of-a-function" });
    assert.equal((await withFunction.run("job-1")).ok, true);
    assert.equal(tokens.at(-1), "token-of-a-function");
    console.log("tokens from an API key, and from a function");
  }

  {
    const agent = new RealAgent();
    await using jobs = new JobsClient({ baseUrl, accessToken: "token-2", dispatcher: agent });
    assert.equal((await jobs.run("job-1")).ok, true);
    await agent.close();
    const withBareName = () => createRestTransport({ baseUrl, dispatcher: new Agent() });
    if (bun === undefined) await withBareName().close();
    else assert.throws(withBareName, /dispatcher .*on Bun, import it from "undici\/index\.js"/);
    console.log(bun === undefined ? "a dispatcher" : "a dispatcher; Bun's stub is refused");
  }
  server.close();
}

main();

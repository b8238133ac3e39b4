// What nginx can do to a stream.
import { expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { startNginx } from "./nginx/start-nginx.ts";
import { plan, startGateway } from "./support/gateway.ts";
import { peerOf } from "./support/peer.ts";
import { readStream } from "./support/read-stream.ts";
import { settled } from "./support/settled.ts";

const parent = "logs/a";

async function behindNginx(directives: string) {
  const gateway = await startGateway();
  onTestFinished(() => gateway.close());
  return peerOf(gateway, await startNginx({ upstream: gateway.origin, directives }));
}

test("a compressed stream, which comes only if a header of the caller asks for it, is an error that says so", async () => {
  const { logs } = await behindNginx("gzip on; gzip_types application/json; gzip_min_length 0;");
  const client = logs();
  expect(await readStream(client.follow({ parent }))).toMatchObject({
    messages: [{}, {}, {}],
    error: undefined,
  });
  const headers = { "accept-encoding": "gzip" };
  expect(await readStream(client.follow({ parent }, { headers }))).toMatchObject({
    messages: [],
    error: { code: Code.DataLoss, reason: expect.stringContaining("compressed (gzip)") },
  });
});

test("a quiet stream ends with proxy_read_timeout, which is a lost connection", async () => {
  const { logs } = await behindNginx("proxy_read_timeout 1s;");
  const read = await readStream(logs().follow({ parent }, { metadata: plan({ messages: 1, hang: true }) }));
  expect(read).toMatchObject({
    messages: [{ entry: { sequence: 1n } }],
    error: { code: Code.Unavailable, outcome: "unknown", attempts: 1 },
  });
});

test("before its first message it is a 504 of nginx", async () => {
  const { logs } = await behindNginx("proxy_read_timeout 1s;");
  const metadata = plan({ messages: 0, hang: true });
  expect(await readStream(logs({ retry: false }).follow({ parent }, { metadata }))).toMatchObject({
    messages: [],
    error: { code: Code.DeadlineExceeded, status: 504, outcome: "unknown" },
  });
});

test("a slow reader holds the backend back through nginx that does not buffer", async () => {
  const { gateway, logs } = await behindNginx("proxy_buffering off;");
  const metadata = plan({ messages: 1_000_000, messageBytes: 1_000 });
  const stream = logs().follow({ parent }, { metadata })[Symbol.asyncIterator]();
  expect(await stream.next()).toMatchObject({ done: false });
  expect(await settled(async () => (await gateway.calls())[0]?.sent ?? 0)).toBeLessThan(60_000);
  await stream.return?.();
  await gateway.callThat(({ ended }) => ended !== null);
});

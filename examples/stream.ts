// Follows a log, and resumes it where it was when the stream breaks. `npm run example:stream` runs it with a server on this
// machine, which breaks the stream twice.
import { setTimeout as delay } from "node:timers/promises";
import { startServer } from "bytenite-jobs/testing";
import { Code, createClient, createRestTransport, RpcError } from "bytenite-jobs/transport";
import { type Entry, LogService } from "./gen/logs/v1/logs_pb.js";
import { logService } from "./support/log-service.ts";

const texts = ["checkout", "install", "build", "test", "publish"];
await using server = await startServer(LogService, logService({ "logs/build": texts }));
server.fault({ kind: "stream", after: 2, end: "reset" }); // the connection is lost after two entries
server.fault({ kind: "stream", after: 1, end: "error", code: Code.Unavailable }); // the backend restarts

await using transport = createRestTransport({ baseUrl: server.baseUrl });
const logs = createClient(LogService, transport);

/** Follows a log through lost connections and restarts. */
async function* followed(log: string, after = 0n): AsyncGenerator<Entry> {
  for (let failures = 0; ; ) {
    try {
      // GET /v1/logs/build:follow?after=…
      for await (const entry of logs.followLog({ log, after })) {
        yield entry;
        // Only now: whoever has not taken an entry gets it again.
        after = entry.id;
        failures = 0;
      }
      return;
    } catch (error) {
      if (!mayResume(error) || ++failures > 5) throw error;
      console.log(`(broke after ${after}: ${error.reason})`);
      await delay(Math.random() * 100 * 2 ** failures);
    }
  }
}

/** Whether the same request may succeed a little later. */
function mayResume(error: unknown): error is RpcError {
  return error instanceof RpcError && (error.code === Code.Unavailable || error.code === Code.DataLoss);
}

for await (const { id, text } of followed("logs/build")) {
  console.log(`${id} ${text}`);
  // To leave the loop ends the call, and frees its connection.
  if (text === "publish") break;
}

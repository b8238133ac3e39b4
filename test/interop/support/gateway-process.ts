import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { GatewaySettings } from "./gateway.ts";

/** The first line of the process. */
export interface ReadyLine {
  readonly origin: string;
  readonly controlUrl: string;
  readonly accessToken: string;
  readonly certificate: string | undefined;
}

export interface GatewayProcess {
  readonly ready: ReadyLine;
  close(): Promise<void>;
}

/** Starts the gateway, and waits until it serves. */
export async function startGatewayProcess(settings: GatewaySettings): Promise<GatewayProcess> {
  const binary = fileURLToPath(
    new URL(`../.build/bin/gateway-${settings.numbers ?? "ours"}`, import.meta.url),
  );
  if (!existsSync(binary)) {
    throw new Error("The gateway is not built: npm run test:interop builds it and runs these tests");
  }
  const child = spawn(binary, flagsOf(settings), { stdio: ["pipe", "pipe", "pipe"] });
  const said = lastWordsOf(child);
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [first] = await Promise.race([
    once(lines, "line") as Promise<[string]>,
    exited.then(([code, signal]) => {
      throw new Error(`The gateway ended before it was ready (${code ?? signal}): ${said()}`);
    }),
  ]);
  const ready = JSON.parse(first) as ReadyLine;
  return {
    ready,
    close: async () => {
      // The process ends when its standard input ends.
      child.stdin.end();
      await exited;
    },
  };
}

function flagsOf(settings: GatewaySettings): string[] {
  const flags: string[] = [];
  if (settings.encodings === "json") {
    flags.push("-json-only");
  }
  if (settings.binaryContentType !== undefined) {
    flags.push(`-binary-content-type=${settings.binaryContentType}`);
  }
  if (settings.unescaping !== undefined) {
    flags.push(`-unescaping=${settings.unescaping}`);
  }
  if (settings.tls === true) {
    flags.push("-tls", `-http2=${settings.http2 ?? true}`);
  }
  if (settings.errors === "generic-response") {
    flags.push("-generic-response-errors");
  }
  if (settings.metadata === "dropped") {
    flags.push("-drop-metadata");
  }
  return flags;
}

/** Reads all of standard error, so that the process never blocks on a full pipe, and keeps the last part. */
function lastWordsOf(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-4096);
  });
  return () => text.trim();
}

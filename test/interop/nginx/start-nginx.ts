import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { findNginx } from "./find-nginx.ts";

/** The options of nginx. */
export interface ProxySettings {
  /** The upstream server, for instance `http://127.0.0.1:8080`. */
  readonly upstream: string;
  /** The server for retries after the upstream fails. */
  readonly backup?: string;
  /**
   * Whether clients use HTTP/2, without TLS.
   * @default false
   */
  readonly http2?: boolean;
  /** Directives for the location, one per line, each with its semicolon. */
  readonly directives?: string;
}

/** Starts nginx for one test, on a port that the system chooses. @returns its origin */
export async function startNginx(settings: ProxySettings): Promise<string> {
  const nginx = findNginx();
  // Another process may take the port before nginx binds it.
  for (let tries = 0; tries < 5; tries++) {
    const origin = await tryToStart(nginx, settings, await freePort());
    if (origin !== undefined) return origin;
  }
  throw new Error("nginx did not start");
}

async function tryToStart(nginx: string, settings: ProxySettings, port: number): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "interop-nginx-"));
  const config = join(folder, "nginx.conf");
  writeFileSync(config, configuration(settings, port, folder));
  const child = spawn(nginx, ["-p", folder, "-c", config, "-e", join(folder, "error.log")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  if (await listens(port, child)) {
    onTestFinished(stop);
    return `http://127.0.0.1:${port}`;
  }
  await stop();
  return undefined;
}

function configuration(settings: ProxySettings, port: number, folder: string): string {
  const { upstream, backup, http2 = false, directives = "" } = settings;
  const group =
    backup === undefined
      ? ""
      : `
  upstream gateways {
    server ${new URL(upstream).host} max_fails=0;
    server ${new URL(backup).host} backup;
  }`;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join("\n");
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_max_body_size 16m;
${temporary}${group}
  server {
    listen 127.0.0.1:${port}${http2 ? " http2" : ""} backlog=4096;
    location / {
      proxy_pass ${backup === undefined ? upstream : "http://gateways"};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
${directives}
    }
  }
}
`;
}

/** Waits until nginx accepts a connection: it prints nothing when it is ready. */
async function listens(port: number, child: ChildProcess): Promise<boolean> {
  while (child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const isTaken = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isTaken) return true;
    await new Promise(setImmediate);
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

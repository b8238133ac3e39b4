import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { findNginx } from "./find-nginx.ts";

/** How nginx is set up. */
export interface ProxySettings {
  /** What it stands in front of, for instance `http://127.0.0.1:8080`. */
  readonly upstream: string;
  /** Where it turns when it may, once the upstream has failed it. */
  readonly backup?: string;
  /**
   * Whether clients talk HTTP/2 to it, in the clear.
   * @default false
   */
  readonly http2?: boolean;
  /** Directives for the location, one per line, each with its semicolon. */
  readonly directives?: string;
}

/** Starts nginx for one test, on a port that the system chose. @returns its origin */
export async function startNginx(settings: ProxySettings): Promise<string> {
  const nginx = findNginx();
  // Between the choice of the port and nginx's own bind somebody else may take it.
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
  const gone = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await gone;
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

/** nginx says nothing when it is ready; the first connection that it takes does. */
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

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const candidates = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];

/** Where nginx is. On a Debian machine that lacks it, root installs it first. */
export function findNginx(): string {
  const found = installed();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0) {
    for (const args of [
      ["update", "-qq"],
      ["install", "-y", "-qq", "--no-install-recommends", "nginx"],
    ]) {
      spawnSync("apt-get", args, {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
    }
  }
  const now = installed();
  if (now === undefined) {
    throw new Error("The interop suite needs nginx: apt-get install nginx, or as root it does that itself.");
  }
  return now;
}

function installed(): string | undefined {
  const inPath = (process.env.PATH ?? "").split(":").map((folder) => `${folder}/nginx`);
  return [...inPath, ...candidates].find((file) => existsSync(file));
}

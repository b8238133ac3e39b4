import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where a package is unpacked without root. */
const unpacked = fileURLToPath(new URL("../.build/nginx", import.meta.url));

const candidates = [
  "/usr/sbin/nginx",
  "/usr/local/sbin/nginx",
  "/usr/bin/nginx",
  `${unpacked}/usr/sbin/nginx`,
];

/** Finds nginx. On a Debian machine without it, root installs it, and other users unpack it into .build. */
export function findNginx(): string {
  const found = installed();
  if (found !== undefined) return found;
  if (process.getuid?.() === 0) install();
  else unpack();
  const now = installed();
  if (now === undefined) {
    throw new Error(
      "The interop suite needs nginx, and could not get it from Debian or Ubuntu: apt-get install nginx",
    );
  }
  return now;
}

function installed(): string | undefined {
  const inPath = (process.env.PATH ?? "").split(":").map((folder) => `${folder}/nginx`);
  return [...inPath, ...candidates].find(
    // An unpacked package may lack a library.
    (file) => existsSync(file) && spawnSync(file, ["-v"], { stdio: "ignore" }).status === 0,
  );
}

function install(): void {
  run("apt-get", ["update", "-qq"], "/");
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "nginx"], "/");
}

function unpack(): void {
  mkdirSync(unpacked, { recursive: true });
  // On some releases of Ubuntu the program is in nginx-core, and nginx is an empty package.
  for (const name of ["nginx", "nginx-core"]) {
    if (installed() !== undefined) return;
    run("apt-get", ["download", "-qq", name], unpacked);
    for (const file of readdirSync(unpacked).filter((each) => each.endsWith(".deb"))) {
      run("dpkg", ["-x", file, "."], unpacked);
    }
  }
}

function run(command: string, args: readonly string[], folder: string): void {
  spawnSync(command, args, {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

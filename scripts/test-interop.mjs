// Tries the library against a real grpc-gateway: builds it if anything that it is made of has changed, sees to it that
// nginx is there, and runs the tests in test/interop. Arguments go to vitest: npm run test:interop -- gateway.test.ts
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { buildGateway } from "../test/interop/gateway/build.mjs";
import { findNginx } from "../test/interop/nginx/find-nginx.ts";

const root = join(import.meta.dirname, "..");
process.chdir(root);
// As in an npm script, so that it can be run without npm too.
process.env.PATH = `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH}`;

try {
  buildGateway(root);
  findNginx();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

const { status } = spawnSync("vitest", ["run", "-c", "vitest.interop.config.ts", ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exitCode = status ?? 1;

// npm run test:interop: tests the library against a real grpc-gateway, etcd and the OpenTelemetry Collector. Builds them if one
// of their inputs has changed, installs nginx and Prism if they are missing, and runs the tests in test/interop, directly and
// through nginx. Arguments go to vitest: npm run test:interop -- gateway.test.ts
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";
import { buildGateway } from "../test/interop/gateway/build.mjs";
import { findNginx } from "../test/interop/nginx/find-nginx.ts";
import { installPrism } from "../test/interop/prism/install-prism.ts";
import { buildProducts } from "../test/interop/products/build.mjs";

const root = join(import.meta.dirname, "..");
process.chdir(root);
// As in an npm script, so that it also runs without npm.
process.env.PATH = `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH}`;

try {
  buildGateway(root);
  buildProducts(root);
  findNginx();
  installPrism();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

const selected = process.argv.slice(2);
const passed = runTests(selected);
// Again through nginx: all tests that use test/interop/support/peer.ts.
const throughNginx = [
  "awkward-paths",
  "big-bodies",
  "interop/calls",
  "deadlines-and-metadata",
  "error-responses",
  "interop/errors",
  "json-only",
  "library-calls",
  "lost-calls",
  "many-at-once",
  "metadata.test",
  "path-values",
  "names-of-any-depth",
  "query-lists",
  "http-body",
  "gzip-requests",
  "interop/streams.test",
  "streams-of-requests",
];
process.exitCode =
  passed && (selected.length > 0 || runTests(throughNginx, { ...process.env, INTEROP_PROXY: "nginx" }))
    ? 0
    : 1;

function runTests(files, env = process.env) {
  const via = env.INTEROP_PROXY === undefined ? "" : `, through ${env.INTEROP_PROXY}`;
  console.log(`The client against real servers${via}`);
  const args = ["run", "-c", "vitest.interop.config.ts", ...files];
  return spawnSync("vitest", args, { stdio: "inherit", env }).status === 0;
}

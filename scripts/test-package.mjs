// Tries the package as its users get it: packs it, installs the tarball in an empty folder outside of this
// one, and loads every entry there with import and with require.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const entries = {
  "bytenite-jobs": ["JobsClient", "JobsError", "RpcError", "Code", "Customer", "JobConfigSchema"],
  "bytenite-jobs/transport": ["createRestTransport", "createClient", "RpcError", "Code"],
  "bytenite-jobs/connect": ["createRestTransport", "restCallOptions", "rpcErrorOf"],
  "bytenite-jobs/testing": [
    "startJobsServer",
    "startServer",
    "createMemoryJobsServer",
    "createMemoryTransport",
  ],
};

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "bytenite-jobs-"));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

try {
  const [{ filename, files, size }] = JSON.parse(
    run("npm", ["pack", "--json", "--pack-destination", folder], root),
  );
  console.log(`${filename}: ${files.length} files, ${size} bytes`);

  run("npx", ["publint", "--strict", join(folder, filename)], root);
  run("npx", ["attw", join(folder, filename), "--profile", "esm-only"], root);
  console.log("publint and attw find nothing");

  const outside = join(folder, "outside");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  run(
    "npm",
    ["install", "--no-audit", "--no-fund", "--prefer-offline", `./${filename}`, "@connectrpc/connect@2"],
    folder,
  );
  for (const [entry, names] of Object.entries(entries)) {
    const check = `for (const name of ${JSON.stringify(names)}) if (!(name in entry)) throw new Error(name + " is missing");`;
    writeFileSync(`${outside}.mjs`, `import * as entry from "${entry}";\n${check}\n`);
    writeFileSync(`${outside}.cjs`, `const entry = require("${entry}");\n${check}\n`);
    run("node", [`${outside}.mjs`], folder);
    run("node", [`${outside}.cjs`], folder);
    console.log(`${entry}: import and require give ${names.join(", ")}`);
  }
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const printed = run(join(folder, "node_modules/.bin/bytenite-jobs"), ["--version"], folder).trim();
  if (!printed.endsWith(version)) throw new Error(`bytenite-jobs --version prints ${printed}`);
  console.log(`bytenite-jobs --version: ${printed}`);
  const installed = JSON.parse(readFileSync(join(folder, "node_modules/bytenite-jobs/package.json"), "utf8"));
  if (Object.keys(installed.dependencies).sort().join() !== "@bufbuild/protobuf,undici") {
    throw new Error("the package has other runtime dependencies than @bufbuild/protobuf and undici");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

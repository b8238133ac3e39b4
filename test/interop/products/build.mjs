// Builds the products that the client is tested against, each with the versions of its own go.mod, and their descriptors, into
// test/interop/.build/products.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const target = "test/interop/.build/products";

const products = {
  etcd: etcdDescriptors,
  collector: ({ source }) => run(source, "go", ["run", "-buildvcs=false", "./descriptors"]),
};

/** Builds each product in the folder `root`, unless it was built from the same inputs. */
export function buildProducts(root) {
  for (const [name, descriptors] of Object.entries(products)) {
    const source = join(root, "test/interop/products", name);
    const out = join(root, target, name);
    const inputs = hashOfInputs(source);
    const stamp = join(out, "made-of");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) continue;
    console.log(`Building ${name} (the first time, Go fetches its modules)`);
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    try {
      run(source, "go", ["build", "-buildvcs=false", "-o", join(out, name), "."]);
      writeFileSync(join(out, "descriptors.binpb"), descriptors({ root, source, out }));
    } catch (cause) {
      throw new Error(`${name} could not be built`, { cause });
    }
    writeFileSync(stamp, inputs);
  }
}

/** etcd's modules carry its .proto files, which buf compiles. */
function etcdDescriptors({ root, source, out }) {
  const moduleFolder = (path) => run(source, "go", ["list", "-m", "-f", "{{.Dir}}", path]).toString().trim();
  const protos = join(out, "protos");
  const gateway = moduleFolder("github.com/grpc-ecosystem/grpc-gateway/v2");
  for (const [folder, from] of Object.entries({
    "etcd/api": moduleFolder("go.etcd.io/etcd/api/v3"),
    gogoproto: join(moduleFolder("github.com/gogo/protobuf"), "gogoproto"),
    "protoc-gen-openapiv2/options": join(gateway, "protoc-gen-openapiv2/options"),
    "google/api": join(root, "node_modules/google-proto-files/google/api"),
  })) {
    copyProtos(from, join(protos, folder));
  }
  return run(protos, "buf", ["build", "--path", "etcd/api/etcdserverpb/rpc.proto", "-o", "-"]);
}

/** Copies them one by one, because Go's folders are read-only. */
function copyProtos(from, to) {
  for (const file of filesIn(from).filter((file) => file.endsWith(".proto"))) {
    const copy = join(to, relative(from, file));
    mkdirSync(dirname(copy), { recursive: true });
    writeFileSync(copy, readFileSync(file));
  }
}

function run(cwd, command, args) {
  return execFileSync(command, args, {
    cwd,
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: Number.POSITIVE_INFINITY,
  });
}

function hashOfInputs(source) {
  const hash = createHash("sha256").update(run(source, "go", ["version"]));
  for (const file of [import.meta.filename, ...filesIn(source)]) {
    hash.update(`\0${relative(source, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

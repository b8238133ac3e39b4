// Builds the gateway of test/interop, once with our field numbers and once with others, and the OpenAPI description of our
// protos, into test/interop/.build.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const source = "test/interop/gateway";
const target = "test/interop/.build";
const protos = [
  "proto/bytenite",
  "examples/proto/library",
  "test/proto/stores",
  "test/proto/files",
  "test/proto/streams",
];

/** Builds everything in the folder `root`, unless it was built from the same inputs. */
export function buildGateway(root) {
  const inputs = hashOfInputs(root, goVersion());
  const stamp = join(root, target, "made-of");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === inputs) {
    return;
  }
  console.log("Building the grpc-gateway (the first time, Go fetches its modules)");
  // Other files of the tests in the folder stay.
  for (const part of ["made-of", "tools", "ours", "other", "bin"]) {
    rmSync(join(root, target, part), { recursive: true, force: true });
  }
  const run = (command, args, cwd = root) => {
    try {
      execFileSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
    } catch (cause) {
      throw new Error(`The gateway could not be built: ${command} ${args[0]} failed`, { cause });
    }
  };

  mkdirSync(join(root, target, "tools"), { recursive: true });
  run("go", ["build", "-buildvcs=false", "-o", join(root, target, "tools"), "tool"], join(root, source));

  for (const variant of ["ours", "other"]) {
    mkdirSync(join(root, target, variant));
  }
  const ours = join(root, target, "ours", "image.binpb");
  const other = join(root, target, "other", "image.binpb");
  run("buf", ["build", ".", ...protos.flatMap((path) => ["--path", path]), "-o", ours]);
  writeFileSync(other, withOtherNumbers(readFileSync(ours)));

  for (const [variant, image] of Object.entries({ ours, other })) {
    const out = join(root, target, variant);
    run("buf", ["generate", image, "--template", join(source, "buf.gen.yaml"), "-o", out]);
    const overlay = join(out, "overlay.json");
    writeFileSync(overlay, JSON.stringify(overlayOf(join(out, "go"), join(root, source, "gen"))));
    const binary = join(root, target, "bin", `gateway-${variant}`);
    run("go", ["build", "-buildvcs=false", "-overlay", overlay, "-o", binary, "."], join(root, source));
  }
  writeFileSync(stamp, inputs);
}

function goVersion() {
  try {
    return execFileSync("go", ["version"], { encoding: "utf8" });
  } catch (cause) {
    throw new Error("npm run test:interop needs Go (1.26 or later), and there is no go in the PATH.", {
      cause,
    });
  }
}

/** Changes the files, so that `config` of RunJobRequest has number 5, and number 2 is unassigned. */
function withOtherNumbers(image) {
  const files = fromBinary(FileDescriptorSetSchema, image);
  const config = files.file
    .find(({ name }) => name === "bytenite/customer/customer.proto")
    ?.messageType.find(({ name }) => name === "RunJobRequest")
    ?.field.find(({ name, number }) => name === "config" && number === 2);
  if (config === undefined) {
    throw new Error("customer.proto has no config = 2 in RunJobRequest any more");
  }
  config.number = 5;
  return toBinary(FileDescriptorSetSchema, files);
}

/** Makes Go see the generated files inside of the module, where they never are. */
function overlayOf(generated, place) {
  const Replace = {};
  for (const file of filesIn(generated)) {
    Replace[join(place, relative(generated, file))] = file;
  }
  return { Replace };
}

function hashOfInputs(root, goVersion) {
  const hash = createHash("sha256").update(goVersion);
  const files = [...protos, source].flatMap((folder) => filesIn(join(root, folder)));
  for (const file of [...files, join(root, "buf.yaml")]) {
    hash.update(`\0${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest("hex");
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

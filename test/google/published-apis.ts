// The APIs that Google publishes: buf builds descriptors from the .proto files of the package google-proto-files. Nothing
// of them is committed.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createFileRegistry,
  type DescMessage,
  type DescService,
  type FileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The path from the root of this repository. */
const published = "node_modules/google-proto-files";

/** The folder of the files, for protobufjs. */
export const publishedRoot = join(root, published);

/**
 * The folder that is not built. It has the well-known types, which are part of buf, and protobuf's own tests, which import
 * files that the package does not have.
 */
const excluded = "google/protobuf";

/** The names of the files, as imports name them: all, or those in some folders. */
export function protoFiles(folders?: readonly string[]): string[] {
  return readdirSync(publishedRoot, { recursive: true, encoding: "utf8" })
    .map((file) => file.split(sep).join("/"))
    .filter((file) => file.endsWith(".proto") && !file.startsWith(`${excluded}/`))
    .filter((file) => folders === undefined || folders.includes(dirname(file)))
    .sort();
}

/** The folders with files, for instance `google/pubsub/v1`. */
export function protoFolders(): string[] {
  return [...new Set(protoFiles().map((file) => dirname(file)))];
}

/** Builds the descriptors of all files, or of those in some folders and the files that they import. */
export function publishedApis(folders?: readonly string[]): FileRegistry {
  const config = { version: "v2", modules: [{ path: published, excludes: [`${published}/${excluded}`] }] };
  const paths = (folders ?? []).flatMap((folder) => ["--path", `${published}/${folder}`]);
  const args = ["build", "--config", JSON.stringify(config), "--exclude-source-info", ...paths, "-o", "-"];
  const { status, stdout, stderr, error } = spawnSync(join(root, "node_modules/.bin/buf"), args, {
    cwd: root,
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined || status !== 0) throw new Error(`buf build failed: ${stderr}`, { cause: error });
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, stdout));
}

export function servicesOf(registry: FileRegistry): DescService[] {
  return [...registry].filter((type) => type.kind === "service");
}

export function messagesOf(registry: FileRegistry): DescMessage[] {
  return [...registry].filter((type) => type.kind === "message");
}

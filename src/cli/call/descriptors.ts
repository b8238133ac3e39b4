import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { createFileRegistry, createRegistry, type FileRegistry } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { file_google_api_annotations } from "../../../gen/google/api/annotations_pb.js";
import { OPENING_BRACE } from "../../codecs/ascii.ts";
import { decodeBinary } from "../../codecs/binary-codec.ts";
import { decodeJson } from "../../codecs/json-codec.ts";
import { asError } from "../../errors/as-error.ts";
import { UsageError } from "../options.ts";
import { readFileOf } from "./read-file.ts";

const OPTION = "--descriptors";

/**
 * Reads the types and services in a descriptor file, as `buf build -o` and `protoc --descriptor_set_out` write it: binary or
 * JSON, perhaps compressed. The content decides, not the name.
 *
 * @throws UsageError that says what is wrong with the file
 */
export async function readDescriptors(path: string): Promise<FileRegistry> {
  const set = descriptorSetFrom(await readFileOf(OPTION, path), path);
  checkImports(set);
  try {
    return createFileRegistry({ ...set, file: inOrderOfImports(set.file) });
  } catch (error) {
    throw new UsageError(`${OPTION}: ${asError(error).message}`);
  }
}

function descriptorSetFrom(file: Buffer, path: string): FileDescriptorSet {
  let reason = "it has no .proto file in it";
  try {
    const bytes = decompressed(file);
    const set =
      // No binary FileDescriptorSet begins with this byte: it would be the tag of a field 15.
      bytes[0] === OPENING_BRACE
        ? // buf writes the http rules as extensions.
          decodeJson(FileDescriptorSetSchema, bytes, createRegistry(file_google_api_annotations))
        : decodeBinary(FileDescriptorSetSchema, bytes);
    if (set.file.length > 0 && set.file.every(({ name }) => name !== "")) return set;
  } catch (error) {
    reason = asError(error).message;
  }
  const expected = 'a FileDescriptorSet in binary or JSON, as "buf build -o api.binpb" writes it';
  throw new UsageError(`${OPTION}: ${JSON.stringify(path)} is not ${expected}: ${reason}`);
}

function decompressed(file: Buffer): Buffer {
  const magic = file.subarray(0, 4).toString("hex");
  // RFC 1952, section 2.3.1, and RFC 8878, section 3.1.1.
  if (magic.startsWith("1f8b")) return gunzipSync(file);
  if (magic === "28b52ffd") return zstdDecompressSync(file);
  return file;
}

function checkImports({ file }: FileDescriptorSet): void {
  const names = new Set(file.map(({ name }) => name));
  for (const { name, dependency } of file) {
    const missing = dependency.find((each) => !names.has(each));
    if (missing === undefined) continue;
    const remedy = 'use "buf build" without --exclude-imports, or "protoc" with --include_imports';
    throw new UsageError(`${OPTION}: the file has ${name}, but not ${missing}, which it imports: ${remedy}`);
  }
}

/** protobuf-es needs each file behind those that it imports. Compilers write them so; server reflection does not. */
function inOrderOfImports(files: readonly FileDescriptorProto[]): FileDescriptorProto[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const ordered = new Set<FileDescriptorProto>();
  const visited = new Set<string>();
  const add = (name: string) => {
    const file = byName.get(name);
    if (file === undefined || visited.has(name)) return;
    visited.add(name);
    for (const each of file.dependency) add(each);
    ordered.add(file);
  };
  for (const { name } of files) add(name);
  return [...ordered];
}

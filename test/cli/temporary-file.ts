import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type DescFile, toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { onTestFinished } from "vitest";

/** Writes a file for one test, and returns its path. */
export function temporaryFile(name: string, content: Uint8Array | string): string {
  const folder = mkdtempSync(join(tmpdir(), "bytenite-jobs-call-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Writes a descriptor file, as `buf build` does, and returns its path. */
export function descriptorFile(file: DescFile): string {
  return temporaryFile("api.binpb", descriptorSet(withImports(file)));
}

export function descriptorSet(file: FileDescriptorProto[]): Uint8Array {
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

/** A file behind all that it imports. */
export function withImports(file: DescFile): FileDescriptorProto[] {
  return [...new Set([...file.dependencies.flatMap(withImports), file.proto])];
}

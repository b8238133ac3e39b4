import {
  create,
  createFileRegistry,
  type DescMethodUnary,
  type DescService,
  setExtension,
} from "@bufbuild/protobuf";
import { EmptySchema, FileDescriptorProtoSchema, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { http } from "../../../gen/google/api/annotations_pb.js";
import { HttpRuleSchema } from "../../../gen/google/api/http_pb.js";

type EmptyCall = DescMethodUnary<typeof EmptySchema, typeof EmptySchema>;

/** A service whose routes a gateway of the library does not have: no such path, and no such verb at a path. */
export const Elsewhere = makeService({
  NoPath: { case: "get", value: "/v1/nowhere" },
  NoVerb: { case: "put", value: "/v1/shelves/1/books/2" },
}) as DescService & { readonly method: { readonly noPath: EmptyCall; readonly noVerb: EmptyCall } };

function makeService(rules: Record<string, { case: "get" | "put"; value: string }>): DescService {
  const method = Object.entries(rules).map(([name, pattern]) => {
    const options = create(MethodOptionsSchema);
    setExtension(options, http, create(HttpRuleSchema, { pattern }));
    return { name, inputType: ".google.protobuf.Empty", outputType: ".google.protobuf.Empty", options };
  });
  const file = create(FileDescriptorProtoSchema, {
    name: "elsewhere.proto",
    package: "elsewhere",
    syntax: "proto3",
    dependency: [EmptySchema.file.proto.name],
    service: [{ name: "Elsewhere", method }],
  });
  const service = createFileRegistry(file, () => EmptySchema.file).getService("elsewhere.Elsewhere");
  if (service === undefined) throw new Error("the descriptor has no service");
  return service;
}

import { createRegistry, type Registry } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.js";

/**
 * Creates the registry for google.protobuf.Any in JSON: the caller's types, the standard error details, and Struct, which
 * replaces unknown types.
 */
export function registryWith(callers: Registry | undefined): Registry {
  return callers === undefined
    ? createRegistry(file_google_rpc_error_details, StructSchema)
    : createRegistry(file_google_rpc_error_details, StructSchema, callers);
}

import { createRegistry, type Registry } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.js";

/**
 * The types that may stand in a google.protobuf.Any in JSON: the caller's, the standard details of errors,
 * and Struct, which stands in for what is not known.
 */
export function registryWith(callers: Registry | undefined): Registry {
  return callers === undefined
    ? createRegistry(file_google_rpc_error_details, StructSchema)
    : createRegistry(file_google_rpc_error_details, StructSchema, callers);
}

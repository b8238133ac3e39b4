import { type GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import type { ErrorBodyType } from "../responses/error-body-type.ts";
import { JobsError, statusInfoOfResponse } from "./jobs-error.ts";

/** ByteNite's own message, which may be the body of an error as well. */
export const genericResponseBody: ErrorBodyType = {
  schema: GenericResponseSchema,
  statusInfoOf: (message) => statusInfoOfResponse(message as GenericResponse),
  toError: (message, init) => new JobsError(message as GenericResponse, init),
};

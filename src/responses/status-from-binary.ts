import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { decodeBinary } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { Code, isCode } from "../errors/code.ts";
import type { StatusInfo } from "./status-info.ts";

/**
 * Reads an error body as a google.rpc.Status. Returns undefined if it cannot be one: the Status of an error has a code
 * other than OK and no field above 3.
 */
export function statusFromBinary(body: Uint8Array): StatusInfo | undefined {
  try {
    const status = decodeBinary(StatusSchema, body);
    if (status.code === Code.OK || status.$unknown?.some(({ no }) => no === FIELD_AFTER_LAST)) {
      return undefined;
    }
    return {
      code: isCode(status.code) ? status.code : Code.Unknown,
      reason: status.message,
      details: status.details.map(({ typeUrl, value }) => ({ typeUrl, value })),
    };
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

/** Status has had three fields since 2017. A fourth belongs to another message, such as GenericResponse's `error`. */
const FIELD_AFTER_LAST = 4;

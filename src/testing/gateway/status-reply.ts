import { create, type Message, type Registry } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.js";
import type { Encoding } from "../../codecs/media-type.ts";
import { Code } from "../../errors/code.ts";
import { encodeReply, type ReplySettings } from "./encode-reply.ts";
import type { Reply } from "./reply.ts";
import type { StatusError } from "./status-error.ts";

const utf8 = new TextEncoder();

/** Makes a reply with a google.rpc.Status, as grpc-gateway's DefaultHTTPErrorHandler does (its runtime/errors.go). */
export function statusReply(error: StatusError, encoding: Encoding, settings: ReplySettings): Reply {
  const headers: Record<string, string> = {
    ...error.headers,
    "content-type": settings.contentTypes[encoding],
  };
  // Not a valid challenge, but a gateway sends it.
  if (error.code === Code.Unauthenticated) headers["www-authenticate"] = headerSafe(error.message);
  try {
    const { code, message } = error;
    const details = error.details.map((detail) => packDetail(detail, settings.registry));
    const status = create(StatusSchema, { code, message, details });
    const reply = encodeReply(StatusSchema, status, encoding, settings);
    return { ...reply, status: error.httpStatus, headers };
  } catch {
    // JSON cannot express a detail of an unknown type. A gateway then sends this body, with the content type already set.
    const body = utf8.encode('{"code": 13, "message": "failed to marshal error message"}');
    return { status: 500, headers, body };
  }
}

function packDetail(detail: Message, registry: Registry): Any {
  if (detail.$typeName === AnySchema.typeName) return detail as Any;
  const desc = registry.getMessage(detail.$typeName);
  if (desc === undefined) throw new Error(`${detail.$typeName} is not in the server's registry`);
  return anyPack(desc, detail);
}

function headerSafe(text: string): string {
  return text.replace(/[^\t\x20-\x7e]/g, " ");
}

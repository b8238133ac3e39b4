import { create, type Message, type Registry } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { type Status, StatusSchema } from "../../../gen/google/rpc/status_pb.js";
import type { Encoding } from "../../codecs/media-type.ts";
import { Code } from "../../errors/code.ts";
import { contentTypeHeader, encodeReply, type ReplySettings } from "./encode-reply.ts";
import { formatError } from "./format-error.ts";
import type { Reply } from "./reply.ts";
import { StatusError } from "./status-error.ts";

const utf8 = new TextEncoder();

/**
 * Makes the reply to a failed call: a google.rpc.Status, as grpc-gateway's DefaultHTTPErrorHandler does (its
 * runtime/errors.go), or the form of error that the server has instead.
 */
export function statusReply(
  error: StatusError,
  encoding: Encoding,
  settings: ReplySettings,
  httpStatus = error.httpStatus,
): Reply {
  const { errorFormat, errorContentType, contentTypes, registry } = settings;
  const headers: Record<string, string> = { ...error.headers };
  // Not a valid challenge, but a gateway sends it.
  if (error.code === Code.Unauthenticated) headers["www-authenticate"] = headerSafe(error.message);
  const reply = (status: number, contentType: string, body: Uint8Array): Reply => ({
    status,
    headers: { ...headers, ...contentTypeHeader(errorContentType ?? contentType) },
    body,
  });
  try {
    const status = statusOf(error, registry);
    if (errorFormat === "status") {
      const { body } = encodeReply(StatusSchema, status, encoding, settings);
      return reply(httpStatus, contentTypes[encoding], body);
    }
    const { contentType, text } = formatError(errorFormat, error, { status, httpStatus, options: settings });
    return reply(httpStatus, contentType, utf8.encode(text));
  } catch (thrown) {
    // JSON cannot express a detail of an unknown type. A gateway then sends this body, with the content type already set.
    const body = utf8.encode('{"code": 13, "message": "failed to marshal error message"}');
    const literal = reply(500, contentTypes[encoding], body);
    return typeof errorFormat === "function" ? { ...literal, thrown } : literal;
  }
}

/** The status of a failed call, and what its handler threw if that is not a StatusError. */
export function failureOf(cause: unknown): { readonly error: StatusError; readonly thrown: unknown } {
  if (cause instanceof StatusError) return { error: cause, thrown: undefined };
  return { error: new StatusError(Code.Unknown, "the handler failed"), thrown: cause };
}

/** @throws Error if a detail's type is not in the registry */
export function statusOf({ code, message, details }: StatusError, registry: Registry): Status {
  return create(StatusSchema, {
    code,
    message,
    details: details.map((detail) => packDetail(detail, registry)),
  });
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

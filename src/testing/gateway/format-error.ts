import { STATUS_CODES } from "node:http";
import type { Status } from "../../../gen/google/rpc/status_pb.js";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.js";
import { encodeJsonField } from "../../codecs/json-codec.ts";
import type { JsonWriteOptions } from "../../codecs/json-encoder.ts";
import { JSON_MEDIA_TYPE } from "../../codecs/media-type.ts";
import { codeName, isCode, protobufName } from "../../errors/code.ts";
import type { ErrorFormat } from "./error-format.ts";
import type { StatusError } from "./status-error.ts";

/** The body of an error, with the content type that belongs to it. */
export interface ErrorBody {
  readonly contentType: string;
  readonly text: string;
}

/** An error to be written. */
interface Failure {
  readonly status: Status;
  readonly httpStatus: number;
  readonly options: JsonWriteOptions;
}

type FormatName = Exclude<Extract<ErrorFormat, string>, "status">;

const formats: Readonly<Record<FormatName, (failure: Failure) => ErrorBody>> = {
  google({ status, httpStatus, options }) {
    const { code, message, details } = status;
    const start = JSON.stringify({ code: httpStatus, message, status: nameOf(code) }).slice(0, -1);
    const list = Buffer.from(encodeJsonField(StatusSchema.field.details, status, options)).toString();
    return jsonText(`{"error":${start}${details.length > 0 ? `,"details":${list}` : ""}}}`);
  },
  openfga: ({ status: { code, message } }) => json({ code: nameOf(code).toLowerCase(), message }),
  problem: ({ status: { message }, httpStatus: status }) => ({
    ...json({ type: "about:blank", title: STATUS_CODES[status], status, detail: message }),
    contentType: "application/problem+json",
  }),
  oauth: ({ status: { code, message } }) =>
    json({ error: nameOf(code).toLowerCase(), error_description: message }),
  text: ({ status: { message } }) => plain(message),
};

/** Writes an error in a form of JSON or text. */
export function formatError(
  format: Exclude<ErrorFormat, "status">,
  error: StatusError,
  failure: Failure,
): ErrorBody {
  if (typeof format !== "function") return formats[format](failure);
  const body = format(error);
  return typeof body === "string" ? plain(body) : json(body);
}

function nameOf(code: number): string {
  return isCode(code) ? protobufName(codeName(code)) : "UNKNOWN";
}

function json(value: object): ErrorBody {
  return jsonText(JSON.stringify(value));
}

function jsonText(text: string): ErrorBody {
  return { contentType: JSON_MEDIA_TYPE, text };
}

function plain(text: string): ErrorBody {
  return { contentType: "text/plain; charset=utf-8", text };
}

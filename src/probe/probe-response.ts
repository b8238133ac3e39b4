import { type GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { OPENING_BRACE } from "../codecs/ascii.ts";
import { decodeBinary } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { contentTypeOf, type Encoding, encodingOf } from "../codecs/media-type.ts";
import { Code, codeName } from "../errors/code.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { genericResponseBody } from "../jobs/jobs-error.ts";
import { readStatusInfo } from "../responses/read-status-info.ts";
import type { StatusInfo } from "../responses/status-info.ts";

/** The response to one request of a probe. */
export interface ProbeResponse {
  /** Undefined if there was no response. */
  readonly status: number | undefined;
  readonly contentType: string | undefined;
  /** The actual encoding of the body. */
  readonly encoding: Encoding | undefined;
  readonly code: Code | undefined;
  /** Whether the body is a google.rpc.Status or a GenericResponse. */
  readonly isApiMessage: boolean;
  /** The body, if it is a GenericResponse. */
  readonly message: GenericResponse | undefined;
  readonly isEmpty: boolean;
  /** Whether the body is an HTML page. */
  readonly isPage: boolean;
  /** The response in one line. */
  readonly summary: string;
}

/** Reads the response to a request of the probe. */
export function readResponse(response: HttpResponse, protobufMediaType: string): ProbeResponse {
  const { status, headers, body } = response;
  const contentType = contentTypeOf(headers);
  const labelled = encodingOf(contentType, protobufMediaType);
  // A gateway that cannot encode its own error sends JSON with the content type of binary.
  const encoding = labelled === "protobuf" && body[0] === OPENING_BRACE ? "json" : labelled;
  const read =
    (status < 300 && encoding === "protobuf" ? readMessage(body) : undefined) ??
    readStatusInfo(body, encoding, genericResponseBody);
  const isApiMessage = read.code !== undefined || read.message !== undefined;
  const code = read.code ?? (status < 400 ? undefined : codeFromHttpStatus(status));
  const name = code === undefined ? "" : ` ${codeName(code)}`;
  const label = contentType === undefined ? "no content-type" : oneLine(contentType);
  const reason = oneLine(read.reason);
  return {
    status,
    contentType,
    encoding: body.length === 0 ? undefined : encoding,
    code,
    isApiMessage,
    message: read.message as GenericResponse | undefined,
    isEmpty: body.length === 0,
    isPage: isPage(contentType, body),
    summary: `${status}${name} (${label})${reason === "" ? "" : `: ${reason}`}`,
  };
}

/** Stands for a missing response. */
export function noResponse(reason: string): ProbeResponse {
  const nothing = {
    status: undefined,
    contentType: undefined,
    encoding: undefined,
    code: undefined,
  } as const;
  return {
    ...nothing,
    isApiMessage: false,
    message: undefined,
    isEmpty: true,
    isPage: false,
    summary: `no response: ${oneLine(reason)}`,
  };
}

/** Reads the body of a 2xx as the API's own message. The same bytes may also be a valid google.rpc.Status. */
function readMessage(body: Uint8Array): StatusInfo | undefined {
  if (body.length === 0) return undefined;
  try {
    const message = decodeBinary(GenericResponseSchema, body);
    return { ...genericResponseBody.statusInfoOf(message), details: [], message };
  } catch (error) {
    if (error instanceof CodecError) return undefined;
    throw error;
  }
}

function isPage(contentType: string | undefined, body: Uint8Array): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(contentType ?? "") || body[0] === LESS_THAN;
}

const LESS_THAN = 0x3c;

/** Whether two responses have the same status and code. Texts may change from build to build. */
export function isSameResponse(a: ProbeResponse, b: ProbeResponse): boolean {
  return a.isApiMessage && b.isApiMessage && a.status === b.status && a.code === b.code;
}

/** Whether the response says that the server cannot read the request. */
export function isUnreadable({ isApiMessage, status, code }: ProbeResponse): boolean {
  return isApiMessage && status === 400 && code === Code.InvalidArgument;
}

/**
 * Whether other responses can be compared with this one: it is the API's message about the job that does not exist. It is
 * neither the error for an unreadable request nor a transient one.
 */
export function isComparable(response: ProbeResponse): boolean {
  const { isApiMessage, status = 0 } = response;
  return isApiMessage && (status < 300 || status >= 400) && !isUnreadable(response) && !transient.has(status);
}

/**
 * Whether a malformed body is rejected for its path and not for its content. A server that reads every body before it looks
 * at the path responds with 400 here too.
 */
export function isNotRead({ status = 0 }: ProbeResponse): boolean {
  return status >= 200 && status !== 400 && !transient.has(status);
}

/** The statuses of transient errors. */
const transient: ReadonlySet<number> = new Set([408, 425, 429, 499, 502, 503, 504]);

const LONGEST_LINE = 200;

function oneLine(text: string): string {
  const line = text
    .slice(0, LONGEST_LINE * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
}

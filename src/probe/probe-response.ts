import { type GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { decodeBinary } from "../codecs/binary-codec.ts";
import { CodecError } from "../codecs/codec-error.ts";
import { contentTypeOf, type Encoding, encodingOf } from "../codecs/media-type.ts";
import { Code, codeName } from "../errors/code.ts";
import { codeFromHttpStatus } from "../errors/http-status.ts";
import type { HttpResponse } from "../http/http-exchange.ts";
import { genericResponseBody } from "../jobs/jobs-error.ts";
import { readStatusInfo } from "../responses/read-status-info.ts";
import type { StatusInfo } from "../responses/status-info.ts";

/** What one request of a probe was answered with. */
export interface Answer {
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  readonly contentType: string | undefined;
  /** What the body is really written in. */
  readonly encoding: Encoding | undefined;
  readonly code: Code | undefined;
  /** Whether the body is a google.rpc.Status or a GenericResponse, rather than somebody else's page. */
  readonly isOfApi: boolean;
  /** The body, where it is a GenericResponse. */
  readonly message: GenericResponse | undefined;
  readonly isEmpty: boolean;
  /** Whether it is a page for people to look at. */
  readonly isPage: boolean;
  /** One line for people. */
  readonly words: string;
}

/** Reads an answer. Nothing of it is thrown away that a verdict could rest on. */
export function readResponse(response: HttpResponse, protobufMediaType: string): Answer {
  const { status, headers, body } = response;
  const contentType = contentTypeOf(headers);
  const labelled = encodingOf(contentType, protobufMediaType);
  // A gateway that fails to encode its own error answers with JSON under the label that it had chosen.
  const encoding = labelled === "protobuf" && body[0] === OPENING_BRACE ? "json" : labelled;
  const read =
    (status < 300 && encoding === "protobuf" ? wordsOfMessage(body) : undefined) ??
    readStatusInfo(body, encoding, genericResponseBody);
  const isOfApi = read.code !== undefined || read.message !== undefined;
  const code = read.code ?? (status < 400 ? undefined : codeFromHttpStatus(status));
  const name = code === undefined ? "" : ` ${codeName(code)}`;
  const label = contentType === undefined ? "no content-type" : oneLine(contentType);
  const reason = oneLine(read.reason);
  return {
    status,
    contentType,
    encoding: body.length === 0 ? undefined : encoding,
    code,
    isOfApi,
    message: read.message as GenericResponse | undefined,
    isEmpty: body.length === 0,
    isPage: isPage(contentType, body),
    words: `${status}${name} (${label})${reason === "" ? "" : `: ${reason}`}`,
  };
}

/** No answer came. */
export function noAnswer(reason: string): Answer {
  const nothing = {
    status: undefined,
    contentType: undefined,
    encoding: undefined,
    code: undefined,
  } as const;
  return {
    ...nothing,
    isOfApi: false,
    message: undefined,
    isEmpty: true,
    isPage: false,
    words: `no answer: ${oneLine(reason)}`,
  };
}

/** With 2xx comes the API's own message, which may be a google.rpc.Status as well, as far as bytes go. */
function wordsOfMessage(body: Uint8Array): StatusInfo | undefined {
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

/** Whether two answers say the same. Texts do not count: they change from build to build. */
export function isSame(a: Answer, b: Answer): boolean {
  return a.isOfApi && b.isOfApi && a.status === b.status && a.code === b.code;
}

/** Whether it says that the request could not be read. */
export function isUnreadable({ isOfApi, status, code }: Answer): boolean {
  return isOfApi && status === 400 && code === Code.InvalidArgument;
}

/**
 * Whether it can be what requests are compared with: the API's own word about the job that does not exist, and
 * not one that would be said of an unreadable request as well, or is another one the next time.
 */
export function isComparable(answer: Answer): boolean {
  const { isOfApi, status = 0 } = answer;
  return isOfApi && (status < 300 || status >= 400) && !isUnreadable(answer) && !passing.has(status);
}

/**
 * Whether a broken body is refused for where it went, and not for what it is: a server that reads every body
 * before it looks at the path would say 400 here, too, whatever it serves.
 */
export function isNotRead({ status = 0 }: Answer): boolean {
  return status >= 200 && status !== 400 && !passing.has(status);
}

/** Statuses that speak of the moment. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 499, 502, 503, 504]);

const OPENING_BRACE = 0x7b;

const LONGEST_LINE = 200;

function oneLine(text: string): string {
  const line = text
    .slice(0, LONGEST_LINE * 4)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  return line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line;
}

import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { CLOSING_BRACE, COLON, OPENING_BRACE } from "../codecs/ascii.ts";
import type { JsonCursor } from "../codecs/compiled/json-cursor.ts";
import { compileJsonDecoder } from "../codecs/compiled/json-decoder.ts";
import { tryCompiled } from "../codecs/compiled/unsupported.ts";
import { fieldDecoder, messageDecoder, readJson, readKey } from "../codecs/json-decoder.ts";
import { memoizeByType } from "../codecs/memoize-by-type.ts";
import { isJsonObject, parseJsonIfValid } from "../codecs/parse-json.ts";
import { Code } from "../errors/code.ts";
import type { Binding } from "../transcoding/binding.ts";
import { textFromJson } from "./read-status-info.ts";
import { statusFromJson } from "./status-from-json.ts";
import type { StatusInfo } from "./status-info.ts";

/** A message of a stream of responses, or the error that ends the stream. */
export type StreamItem =
  | { readonly message: Message; readonly status?: undefined }
  | { readonly status: StatusInfo & { readonly code: Code } };

/** Reads the items of a stream. */
export interface StreamItemReader {
  /** Reads a message where it is. Returns undefined for an error, and for all that the compiled decoder does not support. */
  readonly readMessage: (cursor: JsonCursor) => Message | undefined;

  /**
   * Reads any item.
   *
   * @throws CodecError if the text is no item of the stream
   */
  readonly readItem: (text: string) => StreamItem;
}

/**
 * Compiles the reader of a method's stream. A grpc-gateway sends `{"result": …}` for each message, and `{"error": …}` for
 * an error after the first one. Others send messages as they are.
 */
export function streamItemReader({ method, responseField }: Binding, registry: Registry): StreamItemReader {
  const options = { registry, unknownAny: "kept" } as const;
  const hasResult = responseField === undefined && hasField(method.output, "result");
  const hasError = responseField === undefined && hasField(method.output, "error");
  const decode = responseField === undefined ? messageDecoder(method.output) : fieldDecoder(responseField);
  const isMessage = method.output.typeName === "google.protobuf.Value" ? () => true : isJsonObject;
  const read = (json: unknown) =>
    decode(isEnvelope(json, hasResult, isMessage) ? readKey(json, "result") : json);
  const readItem = (text: string): StreamItem => {
    if (beginsWithError.test(text)) {
      const status = errorFrom(text, hasError);
      if (status !== undefined) return { status };
    }
    return { message: readJson(text, options, read) };
  };
  // With such a field of its own, only the whole text shows whether a message has an envelope.
  const isClear = responseField === undefined && !hasResult && !hasError;
  const readMessage = isClear ? messageReader(method.output) : undefined;
  return { readMessage: (cursor) => tryCompiled(readMessage, cursor), readItem };
}

/** Compiles the reader of a message with or without the envelope of a grpc-gateway. */
const messageReader = memoizeByType((desc): ((cursor: JsonCursor) => Message) | undefined => {
  const decode = compileJsonDecoder(desc, ["result", "error"]);
  if (decode === undefined) return undefined;
  return (cursor) => {
    const start = cursor.at;
    cursor.expect(OPENING_BRACE);
    cursor.peek();
    if (!cursor.skipBytes(RESULT)) {
      cursor.at = start;
      return decode(cursor);
    }
    cursor.expect(COLON);
    const message = decode(cursor);
    cursor.expect(CLOSING_BRACE);
    return message;
  };
});

const RESULT = /* @__PURE__ */ Buffer.from('"result"');

/**
 * An error comes first, or after a result that is null. To look for it in the whole text would cost a fifth of what
 * JSON.parse does.
 */
const beginsWithError = /^\s*\{\s*(?:"result"\s*:\s*null\s*,\s*)?"error"/;

/** The messages that may have any key in JSON. */
const withAnyKey: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "google.protobuf.Any",
  "google.protobuf.Struct",
  "google.protobuf.Value",
]);

/** Whether a message may have this key in JSON itself. */
function hasField(desc: DescMessage, name: string): boolean {
  return (
    withAnyKey.has(desc.typeName) ||
    desc.fields.some((field) => field.jsonName === name || field.name === name)
  );
}

/**
 * @param hasResult whether the message itself may have this key: then an envelope has no other one, and holds a message
 * @param isMessage whether a value may be such a message
 */
function isEnvelope(
  json: unknown,
  hasResult: boolean,
  isMessage: (json: unknown) => boolean,
): json is Readonly<Record<string, unknown>> {
  if (!isJsonObject(json) || !Object.hasOwn(json, "result")) return false;
  return !hasResult || (Object.keys(json).length === 1 && isMessage(json.result));
}

/** @param hasError whether the message itself may have this key: then an error is a google.rpc.Status */
function errorFrom(text: string, hasError: boolean): (StatusInfo & { readonly code: Code }) | undefined {
  const json = parseJsonIfValid(text);
  if (!isJsonObject(json) || !Object.hasOwn(json, "error")) return undefined;
  const { error } = json;
  if (hasError ? Object.keys(json).length !== 1 : error === null) return undefined;
  // The form of grpc-gateway 1.
  const renamed = isJsonObject(error) && "grpc_code" in error ? { ...error, code: error.grpc_code } : error;
  const status =
    statusFromJson({ error: renamed }) ?? (hasError ? undefined : (textFromJson(json) ?? noStatus));
  return status && { ...status, code: status.code ?? Code.Unknown };
}

/** An error without a text is an error, too. */
const noStatus: StatusInfo = { code: undefined, reason: "", details: [] };

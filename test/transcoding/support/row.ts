import { create, type JsonValue, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { FieldMaskForm } from "../../../src/transcoding/field-text.ts";
import { EverythingSchema } from "../../gen/bytenite/test/v1/everything_pb.js";
import { NamesSchema } from "../../gen/bytenite/test/v1/names_pb.js";
import type { RuleText } from "./rule-method.ts";

/** The source of a row's rule. */
export type Source =
  | "http.proto"
  | "design 4"
  | "design 6"
  | "proto JSON"
  | "RFC 3986"
  | "gax"
  | "api-core"
  | "vanguard"
  | "grpc-gateway"
  | "httprule"
  | "ours";

/** A message that can be sent by a rule, and its request. */
export interface SentRow {
  readonly source: Source;
  readonly rules: RuleText;
  readonly message: Message;
  /** `"GET /v1/x?a=1"` */
  readonly request: string;
  /** The HTTP body in JSON; absent if there is none. */
  readonly body?: JsonValue;
  /** The message that the server reads, if the rule cannot carry all fields. */
  readonly readAs?: Message;
  /** How a FieldMask is written in the query, if not in the default form. */
  readonly queryFieldMask?: FieldMaskForm;
}

/** A message that cannot be sent by a rule, and the error. */
export interface InvalidRow {
  readonly source: Source;
  readonly rules: RuleText;
  readonly message: Message;
  readonly error: string;
  readonly queryFieldMask?: FieldMaskForm;
}

export const names = (init: MessageInitShape<typeof NamesSchema> = {}) => create(NamesSchema, init);
export const all = (init: MessageInitShape<typeof EverythingSchema> = {}) => create(EverythingSchema, init);

/** Makes a row in one line. */
export function sent(
  source: Source,
  rules: RuleText,
  message: Message,
  request: string,
  rest: Pick<SentRow, "body" | "readAs" | "queryFieldMask"> = {},
): SentRow {
  return { source, rules, message, request, ...rest };
}

/** Makes a row in one line. */
export function invalid(
  source: Source,
  rules: RuleText,
  message: Message,
  error: string,
  rest: Pick<InvalidRow, "queryFieldMask"> = {},
): InvalidRow {
  return { source, rules, message, error, ...rest };
}

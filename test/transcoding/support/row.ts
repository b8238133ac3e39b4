import { create, type JsonValue, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import type { FieldMaskForm } from "../../../src/transcoding/field-text.ts";
import { EverythingSchema } from "../../gen/bytenite/test/v1/everything_pb.js";
import { NamesSchema } from "../../gen/bytenite/test/v1/names_pb.js";
import type { RuleText } from "./rule-method.ts";

/** Where a row's rule comes from. */
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

/** A message that a rule can carry, and the request that carries it. */
export interface SentRow {
  readonly source: Source;
  readonly rules: RuleText;
  readonly message: Message;
  /** `"GET /v1/x?a=1"` */
  readonly request: string;
  /** The HTTP body in JSON; absent if there is none. */
  readonly body?: JsonValue;
  /** What the rule drops by its own words, so that the message comes back without it. */
  readonly comesBackAs?: Message;
  /** How a FieldMask stands in the query, if not in the usual form. */
  readonly queryFieldMask?: FieldMaskForm;
}

/** A message that a rule cannot carry, and what is said of it. */
export interface RefusedRow {
  readonly source: Source;
  readonly rules: RuleText;
  readonly message: Message;
  readonly error: string;
  readonly queryFieldMask?: FieldMaskForm;
}

export const names = (init: MessageInitShape<typeof NamesSchema> = {}) => create(NamesSchema, init);
export const all = (init: MessageInitShape<typeof EverythingSchema> = {}) => create(EverythingSchema, init);

/** A row in one line. The rest is for the rows that have it. */
export function sent(
  source: Source,
  rules: RuleText,
  message: Message,
  request: string,
  rest: Pick<SentRow, "body" | "comesBackAs" | "queryFieldMask"> = {},
): SentRow {
  return { source, rules, message, request, ...rest };
}

/** A row in one line. */
export function refused(
  source: Source,
  rules: RuleText,
  message: Message,
  error: string,
  rest: Pick<RefusedRow, "queryFieldMask"> = {},
): RefusedRow {
  return { source, rules, message, error, ...rest };
}

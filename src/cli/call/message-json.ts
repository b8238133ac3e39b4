import { create, type DescMessage, type JsonValue, type Message, type Registry } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { CodecError } from "../../codecs/codec-error.ts";
import { jsonTextOf } from "../../codecs/json-codec.ts";
import { Code } from "../../errors/code.ts";
import type { ErrorDetail } from "../../errors/error-detail.ts";
import { RpcError } from "../../errors/rpc-error.ts";

/**
 * Writes a response in protobuf's JSON form, on one line.
 *
 * @throws RpcError `DataLoss` if a value has no JSON form
 */
export function responseText(desc: DescMessage, message: Message, registry: Registry): string {
  try {
    return jsonTextOf(desc, message, { registry, unknownAny: "shown" });
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    const reason = `the server accepted the call, but its response has no JSON form: ${cause.message}`;
    throw new RpcError({ code: Code.DataLoss, reason, outcome: "unknown", attempts: 1, cause });
  }
}

/** A detail of an error in JSON. */
export function detailJson({ typeUrl, value, json }: ErrorDetail, registry: Registry): JsonValue {
  if (json !== undefined) return { "@type": typeUrl, ...json };
  const any = create(AnySchema, { typeUrl, ...(value && { value }) });
  return JSON.parse(jsonTextOf(AnySchema, any, { registry, unknownAny: "shown" }));
}

/** Spreads JSON over lines, with all digits of its numbers. */
export function indented(json: string): string {
  const exactly = parseWithSource(json, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined ? rawJson(source) : value,
  );
  return JSON.stringify(exactly, undefined, 2);
}

// ECMAScript 2026, which TypeScript does not declare yet.
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown;
const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };

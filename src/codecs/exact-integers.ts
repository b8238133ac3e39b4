import type { DescMessage, JsonValue } from "@bufbuild/protobuf";

/** Cheap to look for, and nearly never there: whole numbers below 2^53 have at most 16 digits. */
const longNumber = /\d{16}/;

/**
 * JSON in which whole numbers beyond 2^53 stand as text, which protobuf's JSON mapping allows for numbers of
 * every kind and JSON.parse does not round. Undefined if there are none, or if the message may hold a
 * google.protobuf.Value, in which text and a number are two things.
 */
export function withExactIntegers(desc: DescMessage, text: string): JsonValue | undefined {
  if (!longNumber.test(text) || mayHoldValue(desc)) return undefined;
  let hasReplaced = false;
  const json = parseWithSource(text, (_key, value, { source }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    if (source === undefined || !/^-?\d+$/.test(source)) return value;
    hasReplaced = true;
    return source;
  });
  return hasReplaced ? json : undefined;
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** ECMAScript 2026 gives revivers the text of a number; the declarations of TypeScript do not know it yet. */
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => JsonValue;

const known = new WeakMap<DescMessage, boolean>();

function mayHoldValue(desc: DescMessage, above: ReadonlySet<DescMessage> = new Set()): boolean {
  const cached = known.get(desc);
  if (cached !== undefined) return cached;
  if (above.has(desc)) return false;
  const { typeName } = desc;
  const isValue = typeName === "google.protobuf.Value" || typeName === "google.protobuf.Any";
  const inside = new Set(above).add(desc);
  const holds = isValue || desc.fields.some(({ message }) => message && mayHoldValue(message, inside));
  // What was found below a message that holds itself may be incomplete, so only whole searches are kept.
  if (above.size === 0) known.set(desc, holds);
  return holds;
}

import { protoSnakeCase } from "@bufbuild/protobuf/reflect";
import { CodecError } from "./codec-error.ts";
import type { Fields } from "./new-message.ts";
import { DURATION_SECONDS, TIMESTAMP_SECONDS } from "./time-ranges.ts";

const timestamp = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;
const duration = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

/**
 * Reads a google.protobuf.Timestamp from its form in JSON, which is RFC 3339 with a `T` and a `Z` in capitals.
 *
 * @throws CodecError, also for a date that no calendar has
 */
export function timestampFromJson(json: unknown): Fields {
  const match = typeof json === "string" ? timestamp.exec(json) : null;
  const [, local = "", fraction = "", sign, hours = "0", minutes = "0"] = match ?? [];
  const ms = match === null ? Number.NaN : Date.parse(`${local}Z`);
  // Date.parse takes 30 February for 2 March, and 24:00 for the next day.
  const isDate = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(local);
  if (!isDate || Number(hours) > 23 || Number(minutes) > 59) throw noValue("Timestamp");
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60 : 60);
  const seconds = BigInt(ms / 1000 - offset);
  if (seconds < TIMESTAMP_SECONDS.min || seconds > TIMESTAMP_SECONDS.max) throw noValue("Timestamp");
  return { $typeName: "google.protobuf.Timestamp", seconds, nanos: nanosOf(fraction) };
}

/**
 * Reads a google.protobuf.Duration from its form in JSON, `"-1.5s"`.
 *
 * @throws CodecError
 */
export function durationFromJson(json: unknown): Fields {
  const match = typeof json === "string" ? duration.exec(json) : null;
  if (match === null) throw noValue("Duration");
  const [, sign = "", whole = "", fraction = ""] = match;
  const seconds = BigInt(sign + whole);
  if (seconds < DURATION_SECONDS.min || seconds > DURATION_SECONDS.max) throw noValue("Duration");
  const nanos = nanosOf(fraction);
  return {
    $typeName: "google.protobuf.Duration",
    seconds,
    nanos: sign === "-" && nanos > 0 ? -nanos : nanos,
  };
}

/**
 * Reads a google.protobuf.FieldMask from its form in JSON: paths in lowerCamelCase with commas between them.
 *
 * @throws CodecError
 */
export function fieldMaskFromJson(json: unknown): Fields {
  if (typeof json !== "string" || json.includes("_")) throw noValue("FieldMask");
  const paths = json === "" ? [] : json.split(",").map(protoSnakeCase);
  return { $typeName: "google.protobuf.FieldMask", paths };
}

function nanosOf(fraction: string): number {
  return Number(fraction.padEnd(9, "0"));
}

function noValue(type: string): CodecError {
  return new CodecError(`a google.protobuf.${type} is not in the form that it has in JSON`);
}

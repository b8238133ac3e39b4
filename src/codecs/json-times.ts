import { protoSnakeCase } from "@bufbuild/protobuf/reflect";
import { CodecError } from "./codec-error.ts";
import type { Fields } from "./new-message.ts";
import { DURATION_SECONDS, TIMESTAMP_SECONDS } from "./time-ranges.ts";

const timestamp = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;
const duration = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

/**
 * Reads a google.protobuf.Timestamp from its JSON form, which is RFC 3339 with an uppercase `T` and `Z`.
 *
 * @throws CodecError, also for a date that does not exist
 */
export function timestampFromJson(json: unknown): Fields {
  const match = typeof json === "string" ? timestamp.exec(json) : null;
  const [, local = "", fraction = "", sign, hours = "0", minutes = "0"] = match ?? [];
  const ms = match === null ? Number.NaN : Date.parse(`${local}Z`);
  // Date.parse reads 30 February as 2 March, and 24:00 as the next day.
  const isDate = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(local);
  if (!isDate || Number(hours) > 23 || Number(minutes) > 59) throw invalidForm("Timestamp");
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60 : 60);
  const seconds = BigInt(ms / 1000 - offset);
  if (seconds < TIMESTAMP_SECONDS.min || seconds > TIMESTAMP_SECONDS.max) throw invalidForm("Timestamp");
  return { $typeName: "google.protobuf.Timestamp", seconds, nanos: nanosOf(fraction) };
}

/**
 * Reads a google.protobuf.Duration from its JSON form, `"-1.5s"`.
 *
 * @throws CodecError
 */
export function durationFromJson(json: unknown): Fields {
  const match = typeof json === "string" ? duration.exec(json) : null;
  if (match === null) throw invalidForm("Duration");
  const [, sign = "", whole = "", fraction = ""] = match;
  const seconds = BigInt(sign + whole);
  if (seconds < DURATION_SECONDS.min || seconds > DURATION_SECONDS.max) throw invalidForm("Duration");
  const nanos = nanosOf(fraction);
  return {
    $typeName: "google.protobuf.Duration",
    seconds,
    nanos: sign === "-" && nanos > 0 ? -nanos : nanos,
  };
}

/**
 * Reads a google.protobuf.FieldMask from its JSON form: paths in lowerCamelCase, separated by commas.
 *
 * @throws CodecError
 */
export function fieldMaskFromJson(json: unknown): Fields {
  if (typeof json !== "string" || json.includes("_")) throw invalidForm("FieldMask");
  const paths = json === "" ? [] : json.split(",").map(protoSnakeCase);
  return { $typeName: "google.protobuf.FieldMask", paths };
}

function nanosOf(fraction: string): number {
  return Number(fraction.padEnd(9, "0"));
}

function invalidForm(type: string): CodecError {
  return new CodecError(`a google.protobuf.${type} is not in its JSON form`);
}

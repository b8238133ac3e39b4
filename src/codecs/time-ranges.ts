import type { DescMessage } from "@bufbuild/protobuf";
import type { Fields } from "./new-message.ts";

/** From 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, in seconds since 1970 (google/protobuf/timestamp.proto). */
export const TIMESTAMP_SECONDS = { min: -62_135_596_800n, max: 253_402_300_799n } as const;

/** About ±10,000 years, in seconds (google/protobuf/duration.proto). */
export const DURATION_SECONDS = { min: -315_576_000_000n, max: 315_576_000_000n } as const;

/** The values of a message type whose fields allow more. */
export interface ValueRange {
  /** A description for errors, for instance `"a Timestamp of …"`. */
  readonly name: string;
  /** Whether a message with valid fields is in the range. */
  includes(message: Readonly<Fields>): boolean;
}

/** The range of a message type; undefined if every value of its fields is valid. */
export function valueRangeOf({ typeName }: DescMessage): ValueRange | undefined {
  switch (typeName) {
    case "google.protobuf.Timestamp":
      return timestamps;
    case "google.protobuf.Duration":
      return durations;
    default:
      return undefined;
  }
}

const timestamps: ValueRange = {
  name: "a Timestamp of the years 1 to 9999, with 0 to 999,999,999 nanos",
  includes: (message) => {
    const { seconds, nanos } = message as { readonly seconds: bigint; readonly nanos: number };
    return (
      seconds >= TIMESTAMP_SECONDS.min && seconds <= TIMESTAMP_SECONDS.max && nanos >= 0 && nanos <= MAX_NANOS
    );
  },
};

const durations: ValueRange = {
  name: "a Duration of up to 315,576,000,000 seconds, with nanos of the same sign, up to 999,999,999",
  includes: (message) => {
    const { seconds, nanos } = message as { readonly seconds: bigint; readonly nanos: number };
    if (seconds < DURATION_SECONDS.min || seconds > DURATION_SECONDS.max) return false;
    return nanos >= (seconds > 0n ? 0 : -MAX_NANOS) && nanos <= (seconds < 0n ? 0 : MAX_NANOS);
  },
};

const MAX_NANOS = 999_999_999;

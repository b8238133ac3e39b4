import { invalidArgument } from "../errors/invalid-argument.ts";

/** Which request bodies the client compresses, and how. */
export type CompressionOption =
  | "gzip"
  | {
      readonly encoding: "gzip";
      /**
       * The length from which on bodies are compressed, in bytes.
       *
       * @default 1_024
       */
      readonly minBytes?: number | undefined;
    };

const DEFAULT_MIN_BYTES = 1_024;

/** Validates a `compressRequests` option. Returns the length from which on bodies are compressed; Infinity for none. */
export function compressedFrom(option: CompressionOption | undefined): number {
  if (option === undefined) return Number.POSITIVE_INFINITY;
  if (option === "gzip") return DEFAULT_MIN_BYTES;
  if (typeof option !== "object" || option === null) throw invalidOption();
  const { encoding, minBytes = DEFAULT_MIN_BYTES, ...others } = option;
  if (encoding !== "gzip" || Object.keys(others).length > 0) throw invalidOption();
  if (Number.isSafeInteger(minBytes) && minBytes >= 0) return minBytes;
  throw invalidArgument("compressRequests: minBytes must be a whole number of bytes, 0 or more");
}

function invalidOption(): Error {
  return invalidArgument('compressRequests must be "gzip" or { encoding: "gzip", minBytes }');
}

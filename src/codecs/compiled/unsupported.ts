import { CodecError } from "../codec-error.ts";

// The compiled codecs are a fast path for common message types. Their contract: the result is the same as that of the other
// codecs, in this folder's parent and in protobuf-es, or they throw UNSUPPORTED or a CodecError. The caller then falls back
// to these, which start again from the same input and return the value or throw the error. So damaged input never gets past
// the compiled codecs, and they need no errors of their own.

/** Thrown by the compiled codecs for input that they do not support: damaged, of another schema, or just rare. */
export const UNSUPPORTED = new Error("not supported by the compiled codecs");

/** Throws {@link UNSUPPORTED}: as an expression, and as the codec of a message type that is not compiled. */
export function unsupported(): never {
  throw UNSUPPORTED;
}

/** Calls a compiled codec. Returns undefined if there is none, or if it does not support the value. */
export function tryCompiled<A, T>(codec: ((value: A) => T) | undefined, value: A): T | undefined {
  if (codec === undefined) return undefined;
  try {
    return codec(value);
  } catch (error) {
    if (error !== UNSUPPORTED && !(error instanceof CodecError)) throw error;
    return undefined;
  }
}

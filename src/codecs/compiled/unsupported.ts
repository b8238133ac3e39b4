// The compiled codecs are a fast path for common message types. Their contract: the result is the same as that of
// protobuf-es, or they throw UNSUPPORTED. The caller then falls back to protobuf-es with the validation of this folder's
// parent, which starts again from the same input and returns the value or throws the error. Therefore the compiled codecs
// have no errors of their own, and damaged input never gets past them.

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
    if (error !== UNSUPPORTED) throw error;
    return undefined;
  }
}

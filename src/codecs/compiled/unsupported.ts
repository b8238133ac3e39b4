/**
 * Thrown by the compiled codecs where bytes or values are not of the everyday kind: damaged, of another schema, or
 * just rare. It never reaches a caller: the thorough way, {@link validateBinary} and protobuf-es, takes over from the
 * start and gives the value or the error. So the compiled codecs need no errors of their own, and can only be as
 * lenient as that way is.
 */
export const UNSUPPORTED = new Error("not of the everyday kind");

/** For a type that the compiled codecs do not know, wherever one lies inside of a type that they do. */
export function unsupported(): never {
  throw UNSUPPORTED;
}

/** What a compiled codec makes of a value; undefined where there is none, or it leaves the value to the thorough way. */
export function tryCompiled<A, T>(codec: ((value: A) => T) | undefined, value: A): T | undefined {
  if (codec === undefined) return undefined;
  try {
    return codec(value);
  } catch (error) {
    if (error !== UNSUPPORTED) throw error;
    return undefined;
  }
}

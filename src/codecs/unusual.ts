/**
 * Thrown by the compiled codecs where bytes or values are not of the everyday kind: damaged, of another schema, or
 * just rare. It never reaches a caller: the thorough way, {@link checkBinary} and protobuf-es, takes over from the
 * start and gives the value or the error. So the compiled codecs need no errors of their own, and can only be as
 * lenient as that way is.
 */
export const unusual = new Error("not of the everyday kind");

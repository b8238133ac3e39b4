import { types } from "node:util";

/**
 * Whether a value is an object that its own properties describe: a literal, one without a prototype, an instance of a
 * caller's class. What JavaScript itself has kinds of, such as a Date, a Map or a promise, is none, of whatever realm it is.
 */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  return isPlain(value) || !(Array.isArray(value) || isBuiltIn(value));
}

/** Whether nothing but `{}` or `Object.create(null)` has made it, in this realm. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isBuiltIn(value: object): boolean {
  return (
    types.isDate(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isPromise(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isArrayBufferView(value) ||
    types.isBoxedPrimitive(value) ||
    types.isGeneratorObject(value)
  );
}

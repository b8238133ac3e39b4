import { types } from "node:util";

/**
 * Whether a value is an object that its own properties describe: a literal, one without a prototype, an instance of a
 * caller's class. What JavaScript itself has kinds of, such as a Date, a Map or a promise, is none, of whatever realm it is,
 * nor is an instance of a class without a property of its own, such as a URL or Headers: nothing of it would be sent.
 */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  if (isPlain(value)) return true;
  return !(Array.isArray(value) || isBuiltIn(value)) && Object.keys(value).length > 0;
}

/** Whether nothing but `{}` or `Object.create(null)` has made it, in whatever realm. */
function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // Only an Object.prototype has nothing behind it.
  return Object.getPrototypeOf(prototype) === null;
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

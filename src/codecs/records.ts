import { types } from "node:util";

/**
 * Whether a value is an object whose content is its own properties: a literal, an object without a prototype, or an
 * instance of a caller's class. Arrays and built-in objects of any realm, such as a Date, a Map or a promise, are not. Nor is
 * an instance of a class without own properties, such as a URL or Headers: nothing of it would be sent.
 */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  if (isPlainObject(value)) return true;
  return !(Array.isArray(value) || isBuiltIn(value)) && Object.keys(value).length > 0;
}

/** Whether an object was created by `{}` or `Object.create(null)`, in any realm. */
function isPlainObject(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  // Only an Object.prototype has no prototype itself.
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

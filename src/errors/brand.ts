/** Marks an object as an instance of a class, so that another installed copy of the class recognizes it. */
export function brand(object: object, mark: symbol): void {
  Object.defineProperty(object, mark, { value: true });
}

/** Decides `instanceof` for a branded class: the mark counts, not the copy of the class that created the object. */
export function hasBrand(value: unknown, mark: symbol): boolean {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[mark] === true;
}

/** Decides `instanceof` as JavaScript does it for every other class. */
export function hasPrototype(value: unknown, prototype: object): boolean {
  return typeof value === "object" && value !== null && Object.prototype.isPrototypeOf.call(prototype, value);
}

/** Marks an object as one of a class, so that another installed copy of the class knows it too. */
export function brand(object: object, mark: symbol): void {
  Object.defineProperty(object, mark, { value: true });
}

/** The rule behind `instanceof` of a branded class: its mark counts, not whose copy of the class made the object. */
export function hasBrand(value: unknown, mark: symbol): boolean {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[mark] === true;
}

/** The rule behind `instanceof` of every other class. */
export function hasPrototype(value: unknown, prototype: object): boolean {
  return typeof value === "object" && value !== null && Object.prototype.isPrototypeOf.call(prototype, value);
}

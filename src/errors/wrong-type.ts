/**
 * Describes a value of the wrong type, as the predicate of a sentence: `has to be a boolean, not a string`. It names only
 * the value's type, because the value may be a secret, unless it is a number where an integer belongs.
 */
export function describeWrongType(expected: string, value: unknown): string {
  const isNearly = typeof value === "number" && expected.includes("int");
  return `has to be ${expected}, not ${isNearly ? value : kindOf(value)}`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const { $typeName } = value as { readonly $typeName?: unknown };
  if (typeof $typeName === "string") return `a ${$typeName}`;
  // A class may have no name.
  const name = value.constructor?.name || "Object";
  if (name !== "Object") return `a ${name}`;
  return Object.keys(value).length > 0 ? "an object" : "an object without a property of its own";
}

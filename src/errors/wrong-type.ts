/**
 * A sentence without its subject, for a value that is not `expected`, such as `"a boolean"`. It says of the value no more
 * than its type, because it may be a secret, unless it is a number where an integer belongs.
 */
export function hasWrongType(expected: string, value: unknown): string {
  const isNearly = typeof value === "number" && expected.includes("int");
  return `has to be ${expected}, not ${isNearly ? value : typeNameOf(value)}`;
}

function typeNameOf(value: unknown): string {
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

/** Whether a value is a number in the range of a float. protobuf-es throws an error for others. */
export function isFloat(value: unknown): value is number {
  return typeof value === "number" && (!Number.isFinite(value) || Number.isFinite(Math.fround(value)));
}

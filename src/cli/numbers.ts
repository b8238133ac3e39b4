import { UsageError } from "./usage-error.ts";

/** @throws UsageError that names the option, unless its value is a whole number that is not negative */
export function wholeNumber(option: string, text: string | undefined): number | undefined {
  const value = wholeBigInt(option, text);
  if (value === undefined) return undefined;
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new UsageError(`${option} is too great`);
}

const MAX_INT64 = 2n ** 63n - 1n;

/** {@link wholeNumber}, also for numbers that only an int64 can hold. */
export function wholeBigInt(option: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,30}$/.test(text)) {
    const value = BigInt(text);
    if (value <= MAX_INT64) return value;
    throw new UsageError(`${option} is too great`);
  }
  throw new UsageError(`${option} must be a whole number, not negative`);
}

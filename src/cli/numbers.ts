import { UsageError } from "./usage-error.ts";

/** @throws UsageError that names the option, unless its value is a whole number that is not negative */
export function wholeNumber(option: string, text: string | undefined): number | undefined {
  const value = wholeBigInt(option, text);
  if (value === undefined) return undefined;
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new UsageError(`${option} is too great`);
}

/** {@link wholeNumber}, also for numbers that only 64 bits can hold. */
export function wholeBigInt(option: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,30}$/.test(text)) return BigInt(text);
  throw new UsageError(`${option} must be a whole number, not negative`);
}

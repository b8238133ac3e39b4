import { onTestFinished, vi } from "vitest";

/**
 * Stops the clock of deadlines and waits, until the test ends. They pass only when the test advances the clock, so a slow
 * machine does not change the result. Sockets and Node's own timers are not affected.
 *
 * @returns a function that advances the clock
 */
export function stopClock(): (ms: number) => Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  return async (ms) => void (await vi.advanceTimersByTimeAsync(ms));
}

import { onTestFinished, vi } from "vitest";

/**
 * Stops the clock by which deadlines pass and waits end, for the rest of a test. They do when the test moves it on, and
 * so not before a busy machine has come to the point that the test is about. Sockets and Node's own timers go on.
 *
 * @returns moves the clock on
 */
export function stopClock(): (ms: number) => Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  return async (ms) => void (await vi.advanceTimersByTimeAsync(ms));
}

import { onTestFinished, vi } from "vitest";
import { UndiciExchange } from "../../src/http/undici-exchange.ts";

/** Counts the heads of answers that clients have read, for the rest of a test. */
export function headsOfAnswers(): { readonly count: number } {
  const onResponseStart = vi.spyOn(UndiciExchange.prototype, "onResponseStart");
  onTestFinished(() => void onResponseStart.mockRestore());
  return {
    get count() {
      return onResponseStart.mock.calls.length;
    },
  };
}

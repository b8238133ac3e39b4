import { onTestFinished, vi } from "vitest";
import { UndiciExchange } from "../../src/http/undici-exchange.ts";

/** Counts the response heads that clients read, until the test ends. */
export function countResponseHeads(): { readonly count: number } {
  const onResponseStart = vi.spyOn(UndiciExchange.prototype, "onResponseStart");
  onTestFinished(() => void onResponseStart.mockRestore());
  return {
    get count() {
      return onResponseStart.mock.calls.length;
    },
  };
}

import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Code } from "../../src/errors/code.ts";
import { type CallEnd, CallScope } from "../../src/policies/call-scope.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const never = new Promise<never>(() => undefined);

describe("a deadline", () => {
  test("notifies the listener once, when the time has passed", () => {
    const scope = new CallScope(300, undefined);
    const ends: CallEnd[] = [];
    scope.setListener({ onEnd: (end) => ends.push(end) });
    vi.advanceTimersByTime(299);
    expect(scope.remainingMs()).toBe(1);
    expect(ends).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ends).toEqual([
      { code: Code.DeadlineExceeded, reason: "no response within 300 ms", cause: undefined },
    ]);
    expect(scope.end).toBe(ends[0]);
  });

  test("longer than Node's longest timer does not fire at once", () => {
    const days30 = 30 * 24 * 3_600_000;
    const scope = new CallScope(days30, undefined);
    vi.advanceTimersByTime(days30 - 1);
    expect(scope.end).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(scope.end?.code).toBe(Code.DeadlineExceeded);
  });

  test("of 0 is no deadline", () => {
    const scope = new CallScope(0, undefined);
    expect(vi.getTimerCount()).toBe(0);
    expect(scope.remainingMs()).toBe(Number.POSITIVE_INFINITY);
    scope.close();
  });
});

describe("a signal", () => {
  test("ends the call with the caller's own reason, and its listener is removed", async () => {
    const controller = new AbortController();
    const removed = vi.spyOn(controller.signal, "removeEventListener");
    const scope = new CallScope(1_000, controller.signal);
    const raced = scope.race(never);
    const reason = new Error("the user went away");
    controller.abort(reason);
    expect(await raced).toEqual({
      end: { code: Code.Cancelled, reason: "cancelled by the caller", cause: reason },
    });
    expect(removed).toHaveBeenCalledOnce();
  });

  test.each([
    ["AbortSignal.timeout", () => AbortSignal.timeout(20)],
    ["AbortSignal.any", () => AbortSignal.any([new AbortController().signal, AbortSignal.timeout(20)])],
    ["a signal of another realm", () => AbortSignal.abort(runInNewContext("({ name: 'TimeoutError' })"))],
  ])("of %s is a deadline of the caller", async (_what, signalOf) => {
    vi.useRealTimers();
    const signal = signalOf();
    const scope = new CallScope(0, signal);
    const end = { code: Code.DeadlineExceeded, reason: "the deadline of the caller's signal passed" };
    expect(await scope.race(never)).toEqual({ end: { ...end, cause: signal.reason } });
    vi.useFakeTimers();
  });

  test.each([undefined, null, "TimeoutError", new Error("TimeoutError"), new DOMException("", "AbortError")])(
    "with the reason %s is no deadline",
    (reason) => {
      const controller = new AbortController();
      const scope = new CallScope(0, controller.signal);
      controller.abort(reason);
      expect(scope.end).toMatchObject({ code: Code.Cancelled, cause: controller.signal.reason });
    },
  );

  test("that fired earlier ends the call before it begins", async () => {
    const scope = new CallScope(1_000, AbortSignal.abort("no"));
    expect(scope.end).toMatchObject({ code: Code.Cancelled, cause: "no" });
    expect(await scope.race(never)).toEqual({ end: scope.end });
    expect(await scope.pause(10, () => () => undefined)).toBe(scope.end);
  });
});

describe("a wait", () => {
  test("ends after its time", async () => {
    const scope = new CallScope(1_000, undefined);
    const done = vi.fn();
    const waited = scope.pause(100, () => done);
    await vi.advanceTimersByTimeAsync(100);
    expect(await waited).toBeUndefined();
    expect(done).toHaveBeenCalledOnce();
    scope.close();
  });

  test("ends early when the call does", async () => {
    const scope = new CallScope(50, undefined);
    const waited = scope.pause(100, () => () => undefined);
    await vi.advanceTimersByTimeAsync(50);
    expect(await waited).toMatchObject({ code: Code.DeadlineExceeded });
  });

  test("ends early when it is woken", async () => {
    const scope = new CallScope(1_000, undefined);
    let wake: (() => void) | undefined;
    const waited = scope.pause(100, (each) => {
      wake = each;
      return () => undefined;
    });
    wake?.();
    expect(await waited).toBe("woken");
    scope.close();
  });
});

test("race returns the value of the promise, or throws its error", async () => {
  const scope = new CallScope(1_000, undefined);
  expect(await scope.race(Promise.resolve(7))).toEqual({ value: 7 });
  await expect(scope.race(Promise.reject(new Error("no")))).rejects.toThrow("no");
  scope.close();
});

test("an attempt that begins with its call has exactly the caller's timeout", () => {
  for (const timeoutMs of [0.1, 0.3, 1 / 3, 250, 30_000, 86_400_000]) {
    const scope = new CallScope(timeoutMs, undefined);
    expect(scope.remainingMs(scope.startedAt)).toBe(timeoutMs);
    scope.close();
  }
});

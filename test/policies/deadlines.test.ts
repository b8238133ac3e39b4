import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Deadline, Deadlines } from "../../src/policies/deadlines.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const TIMEOUT_MS = 100;

class Recorded implements Deadline {
  readonly passesAt = performance.now() + TIMEOUT_MS;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  passedAt: number | undefined;

  onPassed(): void {
    expect(this.passedAt).toBeUndefined();
    this.passedAt = performance.now();
  }
}

test("each deadline passes at its time, whatever was added or removed before it, with one timer for all", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const) }),
    fc.record({ kind: fc.constant("remove" as const), which: fc.nat({ max: 30 }) }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 70 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const deadlines = new Deadlines();
      const added: Recorded[] = [];
      const removed = new Set<Recorded>();
      for (const each of steps) {
        if (each.kind === "add") {
          const deadline = new Recorded();
          added.push(deadline);
          deadlines.add(deadline, performance.now());
        } else if (each.kind === "remove") {
          const deadline = added[each.which];
          if (deadline === undefined) continue;
          if (deadline.passedAt === undefined) removed.add(deadline);
          deadlines.remove(deadline);
        } else {
          vi.advanceTimersByTime(each.ms);
        }
        expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
        const waiting = added.some((one) => one.passedAt === undefined && !removed.has(one));
        expect(vi.getTimerCount()).toBe(waiting ? 1 : 0);
      }
      vi.advanceTimersByTime(TIMEOUT_MS);
      for (const deadline of added) {
        expect(deadline.passedAt).toBe(removed.has(deadline) ? undefined : deadline.passesAt);
        // A deadline that is over must not keep later ones alive.
        expect([deadline.earlier, deadline.later]).toEqual([undefined, undefined]);
      }
    }),
  );
});

test("a deadline that is removed while another one passes does not pass", () => {
  const deadlines = new Deadlines();
  const first = new Recorded();
  const second = new Recorded();
  const third = new Recorded();
  vi.spyOn(first, "onPassed").mockImplementation(() => deadlines.remove(second));
  for (const each of [first, second, third]) deadlines.add(each, performance.now());
  vi.advanceTimersByTime(TIMEOUT_MS);
  expect(second.passedAt).toBeUndefined();
  expect(third.passedAt).toBe(third.passesAt);
});

test("a deadline that is added while another one passes has the only timer", () => {
  const deadlines = new Deadlines();
  const first = new Recorded();
  let second: Recorded | undefined;
  vi.spyOn(first, "onPassed").mockImplementation(() => {
    second = new Recorded();
    deadlines.add(second, performance.now());
  });
  deadlines.add(first, performance.now());
  vi.advanceTimersByTime(TIMEOUT_MS);
  expect(vi.getTimerCount()).toBe(1);
  deadlines.remove(second as Recorded);
  expect(vi.getTimerCount()).toBe(0);
});

test("the other deadlines pass even if the callback of one throws", () => {
  const deadlines = new Deadlines();
  const [first, second] = [new Recorded(), new Recorded()];
  vi.spyOn(first, "onPassed").mockImplementation(() => {
    throw new Error("a bug");
  });
  for (const each of [first, second]) deadlines.add(each, performance.now());
  expect(() => vi.advanceTimersByTime(TIMEOUT_MS)).toThrow("a bug");
  vi.runAllTimers();
  expect(second.passedAt).toBeGreaterThanOrEqual(second.passesAt);
});

test("a timer that was lost with a test's fake timers does not stop later deadlines", () => {
  const deadlines = new Deadlines();
  const left = new Recorded();
  deadlines.add(left, performance.now());
  vi.clearAllTimers();
  vi.advanceTimersByTime(TIMEOUT_MS * 3);
  const next = new Recorded();
  deadlines.add(next, performance.now());
  vi.advanceTimersByTime(TIMEOUT_MS);
  expect([left.passedAt, next.passedAt]).not.toContain(undefined);
});

import { spawnSync } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { DeadlineTimers } from "../../src/policies/deadline-timers.ts";

function timersOf(durationMs: number): DeadlineTimers {
  const timers = new DeadlineTimers(durationMs);
  onTestFinished(() => timers.close());
  return timers;
}

/** Resolves with the time that it took, in milliseconds. */
function fired(timers: DeadlineTimers): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const timer = timers.start({
      onTimer() {
        timers.stop(timer);
        resolve(performance.now() - startedAt);
      },
    });
  });
}

/** What keeps the process alive, or could. */
const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

test("a timer is used again by the next owner, and runs its whole time for it", async () => {
  const timers = timersOf(40);
  const told: string[] = [];
  const first = timers.start({ onTimer: () => told.push("first") });
  await fired(timersOf(25));
  timers.stop(first);
  const startedAt = performance.now();
  const second = await new Promise<unknown>((resolve) => {
    const timer = timers.start({ onTimer: () => resolve(timer) });
  });
  expect(second).toBe(first);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(39);
  expect(told).toEqual([]);
  timers.stop(first);
});

test("one that fired while it lay idle fires again for its next owner", async () => {
  const timers = timersOf(5);
  timers.stop(timers.start({ onTimer: () => expect.unreachable() }));
  await fired(timersOf(20));
  expect(await fired(timers)).toBeGreaterThanOrEqual(4);
});

test("owners at the same time have timers of their own", async () => {
  const timers = timersOf(10);
  expect(await Promise.all([fired(timers), fired(timers), fired(timers)])).toHaveLength(3);
});

test("idle timers do not keep the process alive, those in use do, and none is left behind", () => {
  const before = timeouts();
  const timers = new DeadlineTimers(60_000);
  const running = [1, 2, 3].map(() => timers.start({ onTimer: () => undefined }));
  expect(timeouts()).toBeGreaterThan(before);
  for (const timer of running) timers.stop(timer);
  expect(timeouts()).toBe(before);
  const last = timers.start({ onTimer: () => undefined });
  expect(timeouts()).toBeGreaterThan(before);
  timers.close();
  expect(timeouts()).toBeGreaterThan(before);
  timers.stop(last);
  expect(timeouts()).toBe(before);
});

test("a call that nothing else keeps alive lives until its deadline", () => {
  const program = `
    import { JobsClient } from ${JSON.stringify(new URL("../../src/index.ts", import.meta.url).href)};
    const dispatcher = { dispatch: () => true };
    const client = new JobsClient({ baseUrl: "http://127.0.0.1:1", accessToken: "token", dispatcher, timeoutMs: 50 });
    const error = await client.abort("job-1").catch((reason) => reason);
    console.log(error.outcome, error.reason);
  `;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([0, "not_sent no answer within 50 ms\n"]);
});

import { PassThrough, Writable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeControls, printable, terminalOf } from "../../src/cli/terminal.ts";

function terminal(isTTY: boolean, env: Readonly<Record<string, string>> = {}) {
  const stream = () => Object.assign(new PassThrough(), { isTTY });
  return terminalOf({ stdout: stream(), stderr: stream(), env } as unknown as NodeJS.Process);
}

test("colours are only for terminals, and follow NO_COLOR, TERM and FORCE_COLOR", () => {
  expect(terminal(true).onErr.red("x")).toBe("\u001b[31mx\u001b[0m");
  expect(terminal(true, { NO_COLOR: "" }).onErr.red("x")).toBe("\u001b[31mx\u001b[0m");
  expect(terminal(false).onErr.red("x")).toBe("x");
  expect(terminal(true, { NO_COLOR: "1" }).onOut.green("x")).toBe("x");
  expect(terminal(true, { TERM: "dumb" }).onOut.green("x")).toBe("x");
  expect(terminal(false, { FORCE_COLOR: "1", NO_COLOR: "1" }).onOut.green("x")).toBe("\u001b[32mx\u001b[0m");
  expect(terminal(true, { FORCE_COLOR: "0" }).onOut.green("x")).toBe("x");
});

test("text for a failed stream goes to the other one, in order, except for hints", async () => {
  const failing = () =>
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("x"), { code: "EIO" })),
    });
  const working = new PassThrough({ encoding: "utf8" });
  const out = terminalOf({ stdout: failing(), stderr: working, env: {} } as unknown as NodeJS.Process);
  out.out("1");
  out.hint("2");
  out.out("3");
  expect(await out.written()).toBe("lost");
  const reason = "error: cannot write to standard output (EIO). The text was:\n";
  expect(working.read()).toBe(`2\n${reason}1\n${reason}3\n`);
  const err = terminalOf({ stdout: working, stderr: failing(), env: {} } as unknown as NodeJS.Process);
  err.hint("4");
  expect(await err.written()).toBe("all");
  expect(working.read()).toBeNull();
});

test("the signal ends the wait for a stream that nothing reads", async () => {
  const stuck = new Writable({ write: () => undefined });
  const working = new PassThrough({ encoding: "utf8" });
  const terminal = terminalOf({ stdout: stuck, stderr: working, env: {} } as unknown as NodeJS.Process);
  terminal.out("1");
  const abort = new AbortController();
  const written = terminal.written(abort.signal);
  abort.abort();
  expect(await written).toBe("stuck");
  expect(working.read()).toContain("(nothing reads it). The text was:\n1\n");
});

test("a line of a stream waits for its reader, and is lost quietly only if that one has left", async () => {
  const abort = new AbortController();
  const writes: (() => void)[] = [];
  const slow = new Writable({ write: (_chunk, _encoding, done) => void writes.push(done) });
  const working = new PassThrough({ encoding: "utf8" });
  const of = (stdout: Writable) =>
    terminalOf({ stdout, stderr: working, env: {} } as unknown as NodeJS.Process);
  const slowly = of(slow);
  let isWritten = false;
  const line = slowly.line("1", abort.signal).finally(() => {
    isWritten = true;
  });
  await new Promise(setImmediate);
  expect(isWritten).toBe(false);
  writes[0]?.();
  expect(await line).toBe(true);
  const stuck = slowly.line("2", abort.signal);
  abort.abort();
  expect([await stuck, await slowly.written()]).toEqual([false, "stuck"]);

  const failing = (code: string) =>
    of(new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error("x"), { code })) }));
  const left = failing("EPIPE");
  expect([await left.line("3", new AbortController().signal), await left.written()]).toEqual([false, "all"]);
  expect(working.read()).toBeNull();
  const full = failing("ENOSPC");
  expect([await full.line("4", new AbortController().signal), await full.written()]).toEqual([false, "lost"]);
  expect(working.read()).toContain("(ENOSPC). The text was:\n4\n");
});

test("a server's text loses its control characters", () => {
  expect(printable(" a\u001b[2J\r\nb\u202e\u0085c\u2028 ")).toBe("a [2J b c");
});

test("JSON without its control characters is the same JSON", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), fc.constantFrom(undefined, 2), (value, indent) => {
      const escaped = escapeControls(JSON.stringify(value, undefined, indent));
      expect(escaped).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(JSON.stringify(JSON.parse(escaped))).toBe(JSON.stringify(value));
    }),
  );
  expect(escapeControls("\u{e0001}\u202e\r\t")).toBe("\\udb40\\udc01\\u202e\\u000d\t");
});

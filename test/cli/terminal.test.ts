import { PassThrough, Writable } from "node:stream";
import { expect, test } from "vitest";
import { printable, terminalOf } from "../../src/cli/terminal.ts";

function terminal(isTTY: boolean, env: Readonly<Record<string, string>> = {}) {
  const stream = () => Object.assign(new PassThrough(), { isTTY });
  return terminalOf({ stdout: stream(), stderr: stream(), env } as unknown as NodeJS.Process);
}

test("colours are for terminals only, and not where they are unwanted", () => {
  expect(terminal(true).onErr.red("x")).toBe("\u001b[31mx\u001b[0m");
  expect(terminal(true, { NO_COLOR: "" }).onErr.red("x")).toBe("\u001b[31mx\u001b[0m");
  expect(terminal(false).onErr.red("x")).toBe("x");
  expect(terminal(true, { NO_COLOR: "1" }).onOut.green("x")).toBe("x");
  expect(terminal(true, { TERM: "dumb" }).onOut.green("x")).toBe("x");
  expect(terminal(false, { FORCE_COLOR: "1", NO_COLOR: "1" }).onOut.green("x")).toBe("\u001b[32mx\u001b[0m");
  expect(terminal(true, { FORCE_COLOR: "0" }).onOut.green("x")).toBe("x");
});

test("what a stream does not take goes to the other one, in order, and what is a hint does not", async () => {
  const failing = () =>
    new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error("x"), { code: "EIO" })),
    });
  const taken = new PassThrough({ encoding: "utf8" });
  const out = terminalOf({ stdout: failing(), stderr: taken, env: {} } as unknown as NodeJS.Process);
  out.out("1");
  out.hint("2");
  out.out("3");
  expect(await out.written()).toBe("lost");
  const why = "error: standard output cannot be written (EIO). It would have said:\n";
  expect(taken.read()).toBe(`2\n${why}1\n${why}3\n`);
  const err = terminalOf({ stdout: taken, stderr: failing(), env: {} } as unknown as NodeJS.Process);
  err.hint("4");
  expect(await err.written()).toBe("all");
  expect(taken.read()).toBeNull();
});

test("a stream that takes nothing is given up when the signal says so", async () => {
  const stuck = new Writable({ write: () => undefined });
  const taken = new PassThrough({ encoding: "utf8" });
  const terminal = terminalOf({ stdout: stuck, stderr: taken, env: {} } as unknown as NodeJS.Process);
  terminal.out("1");
  const abort = new AbortController();
  const written = terminal.written(abort.signal);
  abort.abort();
  expect(await written).toBe("stuck");
  expect(taken.read()).toContain("(nobody reads it). It would have said:\n1\n");
});

test("what a server says cannot control the terminal", () => {
  expect(printable(" a\u001b[2J\r\nb\u202e\u0085c\u2028 ")).toBe("a [2J b c");
});

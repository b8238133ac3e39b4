import { PassThrough } from "node:stream";
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

test("a reader that stops early is no error, and others are", () => {
  const stdout = Object.assign(new PassThrough(), { isTTY: false });
  terminalOf({ stdout, stderr: new PassThrough(), env: {} } as unknown as NodeJS.Process);
  expect(() => stdout.emit("error", Object.assign(new Error("closed"), { code: "EPIPE" }))).not.toThrow();
  expect(() => stdout.emit("error", Object.assign(new Error("full"), { code: "ENOSPC" }))).toThrow("full");
});

test("what a server says cannot control the terminal", () => {
  expect(printable(" a\u001b[2J\r\nb\u202e\u0085c\u2028 ")).toBe("a [2J b c");
});

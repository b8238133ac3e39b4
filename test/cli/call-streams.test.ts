import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import type { Terminal } from "../../src/cli/terminal.ts";
import { EverythingSchema } from "../gen/bytenite/test/v1/everything_pb.js";
import { deferred } from "../support/deferred.ts";
import { httpServer } from "../support/loopback.ts";
import { stopClock } from "../support/stop-clock.ts";
import { until } from "../support/until.ts";
import { httpRule, methodWith } from "../transcoding/support/rule-method.ts";
import { interruptAt } from "./interrupt-at.ts";
import { runInProcess } from "./run-in-process.ts";
import { startCli, startCliInShell } from "./spawn-cli.ts";
import { descriptorFile } from "./temporary-file.ts";

/** A server of `example.Service/Call`, with the rule `POST /v1` and an Everything both ways. */
async function streaming(
  kind: { clientStreaming?: boolean; serverStreaming?: boolean },
  respond: (requests: AsyncIterable<string>, send: (line: string) => void, res: ServerResponse) => unknown,
) {
  const closed = deferred();
  const headers: Readonly<Record<string, unknown>>[] = [];
  const { origin } = await httpServer(async (req, res) => {
    headers.push(req.headers);
    res.on("close", () => closed.resolve());
    res.setHeader("content-type", "application/json");
    const lines = createInterface({ input: req });
    // A call that ends early resets the connection.
    await Promise.resolve(respond(lines, (line) => res.write(`${line}\n`), res)).catch(() => undefined);
  });
  const method = methodWith(httpRule("POST /v1 body:*"), EverythingSchema, EverythingSchema, kind);
  const file = descriptorFile(method.parent.file);
  const where = ["call", "--descriptors", file, "--base-url", origin, "example.Service/Call"];
  return { where, headers, closed: closed.promise };
}

const result = (text: string) => `{"result":{"stringValue":"${text}"}}`;
const aborted = '{"error":{"code":10,"message":"the log was cut","details":[]}}';
const server = { serverStreaming: true };
const client = { clientStreaming: true };
const both = { clientStreaming: true, serverStreaming: true };

/** Sends each line, and ends. */
const sends =
  (...lines: readonly string[]) =>
  (_requests: unknown, send: (line: string) => void, res: ServerResponse) => {
    for (const line of lines) send(line);
    res.end();
  };

/** Responds with what it received. */
async function echo(requests: AsyncIterable<string>, send: (line: string) => void, res: ServerResponse) {
  for await (const line of requests) send(`{"result":${line}}`);
  res.end();
}

describe("a stream of responses", () => {
  test("is printed a line a message, each as it comes", async () => {
    const printed = deferred();
    const { where, headers } = await streaming(server, async (_requests, send, res) => {
      send(result("a"));
      await printed.promise;
      send('{"result": {\n  "stringValue": "b",\n  "int64Value": "9007199254740993"\n}}');
      res.end();
    });
    const { firstLine, ended } = startCli([...where, '{"stringValue":"which"}']);
    expect(await firstLine).toBe('{"stringValue":"a"}');
    printed.resolve();
    expect(await ended).toEqual({
      status: 0,
      stdout: '{"stringValue":"a"}\n{"int64Value":"9007199254740993","stringValue":"b"}\n',
      stderr: "",
    });
    expect(headers).toEqual([expect.not.objectContaining({ "grpc-timeout": expect.anything() })]);
  });

  test("with --json has the end as its last document", async () => {
    const { where } = await streaming(server, sends(result("a"), result("b")));
    const { status, stdout } = await runInProcess([...where, "--json"]);
    expect([status, stdout.split("\n")]).toEqual([
      0,
      [
        '{"response":{"stringValue":"a"}}',
        '{"response":{"stringValue":"b"}}',
        '{"ok":true,"command":"call","method":"example.Service/Call","responses":2}',
        "",
      ],
    ]);
  });

  test("that fails is an error after the messages before it", async () => {
    const { where } = await streaming(server, sends(result("a"), aborted));
    expect(await runInProcess(where)).toEqual({
      status: 1,
      stdout: '{"stringValue":"a"}\n',
      stderr:
        "error: call example.Service/Call: Aborted (HTTP 200): the log was cut\nThe stream broke after 1 message.\n",
    });
    const { stdout } = await runInProcess([...where, "--json"]);
    const [first, last] = stdout.split("\n");
    expect(first).toBe('{"response":{"stringValue":"a"}}');
    expect(JSON.parse(last ?? "")).toMatchObject({
      ok: false,
      command: "call",
      responses: 1,
      error: { code: "Aborted", outcome: "unknown" },
    });
  });

  test("that is cut is an error", async () => {
    const { where } = await streaming(server, (_requests, send, res) => {
      send(result("a"));
      res.write('{"result":{"str', () => res.destroy());
    });
    const { status, stdout, stderr } = await runInProcess(where);
    expect([status, stdout]).toEqual([1, '{"stringValue":"a"}\n']);
    expect(stderr).toContain("The stream broke after 1 message.\n");
  });

  test("on a terminal has no control characters", async () => {
    const { where } = await streaming(server, sends(result("\\u009b31m\\u202e")));
    const { stdout } = await runInProcess(where, {}, (terminal) => ({ ...terminal, isInteractive: true }));
    expect(stdout).toBe('{"stringValue":"\\u009b31m\\u202e"}\n');
  });

  test("has the deadline of --timeout", async () => {
    const advance = stopClock();
    const { where, headers, closed } = await streaming(server, (_requests, send) => send(result("a")));
    const late = (terminal: Terminal): Terminal => ({
      ...terminal,
      line(line, signal) {
        setImmediate(() => void advance(60_000));
        return terminal.line(line, signal);
      },
    });
    const { status, stdout, stderr } = await runInProcess([...where, "--timeout", "60000"], {}, late);
    expect([status, stdout]).toEqual([1, '{"stringValue":"a"}\n']);
    expect(stderr).toContain("DeadlineExceeded");
    expect(headers).toMatchObject([{ "grpc-timeout": expect.anything() }]);
    await closed;
  });

  test.each(["SIGINT", "SIGTERM"] as const)("ends without an error on %s", async (signal) => {
    const { where, closed } = await streaming(server, (_requests, send) => send(result("a")));
    const { child, firstLine, ended } = startCli(where);
    await firstLine;
    child.kill(signal);
    await closed;
    const status = signal === "SIGINT" ? 130 : 143;
    expect(await ended).toEqual({ status, stdout: '{"stringValue":"a"}\n', stderr: "" });
  });

  test("that is interrupted before its first message reports whether the call happened", async () => {
    const signals = new EventEmitter();
    const { where, closed } = await streaming(server, () => void signals.emit("SIGINT"));
    const { status, stderr } = await runInProcess(where, {}, undefined, "", signals);
    expect(status).toBe(130);
    expect(stderr).toContain("Cancelled: cancelled by the caller\nIT MAY HAVE HAPPENED.");
    await closed;
  });

  test("with --json says that it was interrupted", async () => {
    const signals = new EventEmitter();
    const { where } = await streaming(server, (_requests, send) => send(result("a")));
    const { status, stdout } = await runInProcess(
      [...where, "--json"],
      {},
      interruptAt(1, signals),
      "",
      signals,
    );
    expect(status).toBe(130);
    expect(JSON.parse(stdout.split("\n")[1] ?? "")).toMatchObject({
      ok: false,
      responses: 1,
      error: { code: "Cancelled" },
    });
  });

  test("ends when its reader leaves, as head does", async () => {
    const { where, closed } = await streaming(server, async (_requests, send, res) => {
      while (!res.destroyed) {
        send(result("a"));
        await new Promise(setImmediate);
      }
    });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's.
    const script = '"$@" | head -n 2; exit "${PIPESTATUS[0]}"';
    const line = '{"stringValue":"a"}\n';
    expect(await startCliInShell(script, where).ended).toEqual({
      status: 0,
      stdout: line + line,
      stderr: "",
    });
    await closed;
  });

  test("that nobody reads ends on Ctrl-C", async () => {
    const signals = new EventEmitter();
    // More than a pipe that is not read takes.
    const { where, closed } = await streaming(server, (_requests, send) => send(result("a".repeat(100_000))));
    const { status, stderr } = await runInProcess(where, {}, interruptAt(1, signals), "", signals);
    expect([status, stderr]).toEqual([130, ""]);
    await closed;
  });

  test("with --verbose shows its head when it begins, and no body", async () => {
    const { where } = await streaming(server, sends(result("a"), result("b")));
    const { stdout, stderr } = await runInProcess([...where, "{}", "-v"]);
    expect(stdout).toBe('{"stringValue":"a"}\n{"stringValue":"b"}\n');
    expect(stderr).toContain("\n< HTTP 200\n< content-type: application/json\n");
    expect(stderr).toMatch(/\n<\n< \(a stream of 62 bytes\)\n$/);
    const document = await runInProcess([...where, "{}", "-v", "--json"]);
    const { responses, exchanges } = JSON.parse(document.stdout.split("\n")[2] ?? "");
    expect(responses).toBe(2);
    expect(exchanges).toMatchObject([{ response: { status: 200, body: { bytes: 62 } } }]);
  });
});

describe("a stream of requests", () => {
  test.each([
    ["in lines", '{"stringValue":"a"}\n{"stringValue":"b"}\n'],
    ["with nothing between them", '{"stringValue":"a"}{"stringValue":"b"}'],
    ["over several lines", '{\n "stringValue": "a"\n}\n\n{"stringValue":\n"b"}'],
    ["as an array", '[{"stringValue":"a"}, {"stringValue":"b"}]'],
  ])("%s, is read from the argument or standard input", async (_form, text) => {
    const { where } = await streaming(both, echo);
    const stdout = '{"stringValue":"a"}\n{"stringValue":"b"}\n';
    expect(await runInProcess([...where, text])).toEqual({ status: 0, stdout, stderr: "" });
    expect(await runInProcess([...where, "-"], {}, undefined, text)).toEqual({
      status: 0,
      stdout,
      stderr: "",
    });
  });

  test("may be empty, and may have one response", async () => {
    const { where } = await streaming(client, async (requests, _send, res) => {
      const lines: string[] = [];
      for await (const line of requests) lines.push(line);
      res.end(JSON.stringify({ int32Value: lines.length }));
    });
    expect(await runInProcess(where)).toEqual({ status: 0, stdout: "{}\n", stderr: "" });
    expect(await runInProcess([...where, "{}{}", "--json"])).toMatchObject({
      stdout: '{"ok":true,"command":"call","method":"example.Service/Call","response":{"int32Value":2}}\n',
    });
  });

  test("of standard input is sent as it is read", async () => {
    const received: string[] = [];
    const { where } = await streaming(both, async (requests, send, res) => {
      for await (const line of requests) {
        received.push(line);
        send(`{"result":${line}}`);
      }
      res.end();
    });
    const input = new Readable({ read: () => undefined });
    const ended = runInProcess([...where, "-"], {}, undefined, input);
    input.push('{"stringValue":"a"}{"stringV');
    await until(() => received.length === 1);
    input.push('alue":"b"}');
    await until(() => received.length === 2);
    input.push(null);
    expect((await ended).stdout).toBe('{"stringValue":"a"}\n{"stringValue":"b"}\n');
  });

  test("that standard input still has open does not outlive the call", async () => {
    const { where } = await streaming(both, (_requests, _send, res) => {
      res.statusCode = 404;
      res.end('{"code":5,"message":"no such log"}');
    });
    const input = new Readable({ read: () => undefined });
    input.push("{}");
    const { status, stderr } = await runInProcess([...where, "-"], {}, undefined, input);
    expect(status).toBe(1);
    expect(stderr).toContain("NotFound (HTTP 404): no such log");
    expect(input.destroyed).toBe(true);
  });

  test("with a mistake in the argument sends nothing", async () => {
    const { where, headers } = await streaming(both, echo);
    for (const [text, problem] of [
      ['{}{"nope":1}', "request 2 does not fit bytenite.test.v1.Everything"],
      ["{}{", "the requests are not JSON texts: the stream ended within a message"],
      ["{} oops", "the requests are not JSON texts"],
    ]) {
      const { status, stderr } = await runInProcess([...where, text ?? ""]);
      expect(status).toBe(2);
      expect(stderr).toContain(problem);
    }
    expect(headers).toEqual([]);
  });

  test("with a mistake in standard input is broken off there", async () => {
    const { where, closed } = await streaming(both, echo);
    const { status, stderr } = await runInProcess([...where, "-"], {}, undefined, '{}\n{"nope":1}');
    expect(status).toBe(1);
    expect(stderr).toContain("request 2 does not fit bytenite.test.v1.Everything");
    await closed;
  });

  test("with --verbose is shown as a stream", async () => {
    const { where } = await streaming(both, echo);
    const { stderr } = await runInProcess([...where, "{}", "-v"]);
    expect(stderr).toContain("> transfer-encoding: chunked\n>\n> (a stream)\n");
  });
});

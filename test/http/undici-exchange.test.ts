import { once } from "node:events";
import { DecoratorHandler, type Dispatcher, MockAgent, Pool } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import type { HttpFailure, HttpRequest, HttpResult } from "../../src/http/http-exchange.ts";
import { UndiciExchange } from "../../src/http/undici-exchange.ts";
import { closedPort, httpServer, tcpServer } from "../support/loopback.ts";

function request(origin: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return {
    origin,
    verb: "POST",
    target: "/x",
    headers: [],
    body: Buffer.from("hi"),
    idempotent: false,
    maxResponseBytes: 100,
    ...more,
  };
}

function pool(origin: string, options: Pool.Options = {}): Pool {
  const created = new Pool(origin, options);
  onTestFinished(() => created.destroy());
  return created;
}

async function send(dispatcher: Dispatcher, httpRequest: HttpRequest): Promise<HttpResult> {
  return new Promise((resolve) => {
    exchangeOf(httpRequest, resolve).begin(dispatcher);
  });
}

function exchangeOf(httpRequest: HttpRequest, onEnd: (result: HttpResult) => void): UndiciExchange {
  return new UndiciExchange(httpRequest, {
    onResponse: (response) => onEnd({ response }),
    onFailure: (failure) => onEnd({ failure }),
  });
}

function failure(result: HttpResult): HttpFailure {
  if ("failure" in result) return result.failure;
  throw new Error("the exchange succeeded");
}

test("a response has its status, headers, trailers and body", async () => {
  const { origin } = await httpServer((_req, res) => {
    res.writeHead(201, { trailer: "x-after", "x-two": ["a", "b"] });
    res.write("hel");
    res.addTrailers({ "x-after": "t" });
    res.end("lo");
  });
  const result = await send(pool(origin), request(origin));
  expect(result).toMatchObject({
    response: { status: 201, headers: { "x-two": ["a", "b"] }, trailers: { "x-after": "t" } },
  });
  expect("response" in result && Buffer.from(result.response.body).toString()).toBe("hello");
});

test("an informational response does not end the exchange", async () => {
  const { origin } = await httpServer((_req, res) => {
    res.writeEarlyHints({ link: "</a>; rel=preload" });
    res.end("ok");
  });
  expect(await send(pool(origin), request(origin))).toMatchObject({ response: { status: 200 } });
});

describe("nothing was sent", () => {
  test("if no server listens on the port", async () => {
    const origin = `http://127.0.0.1:${await closedPort()}`;
    expect(failure(await send(pool(origin), request(origin)))).toMatchObject({
      kind: "not_connected",
      sent: false,
    });
  });

  test("if the TLS handshake fails", async () => {
    const { port } = await tcpServer((socket) => socket.end("this is no TLS\r\n"));
    const origin = `https://127.0.0.1:${port}`;
    expect(failure(await send(pool(origin), request(origin)))).toMatchObject({
      kind: "not_connected",
      sent: false,
    });
  });

  test("if connecting takes too long", async () => {
    const { origin } = await tcpServer(() => undefined);
    const neverConnects = pool(origin, { connectTimeout: 20, connect: () => undefined });
    const pending = send(neverConnects, request(origin));
    await neverConnects.destroy();
    expect(failure(await pending)).toMatchObject({ kind: "not_connected", sent: false });
  });

  test("if undici rejects the request", async () => {
    const { origin } = await httpServer((_req, res) => res.end());
    const result = await send(pool(origin), request(origin, { target: "/with space" }));
    expect(failure(result)).toMatchObject({ kind: "invalid_request", sent: false });
  });

  test("if the dispatcher is closed", async () => {
    const { origin } = await httpServer((_req, res) => res.end());
    const closed = pool(origin);
    await closed.close();
    expect(failure(await send(closed, request(origin)))).toMatchObject({
      kind: "not_connected",
      sent: false,
    });
  });
});

describe("the server may have read the request", () => {
  test("if it closes the connection without a response", async () => {
    const { origin } = await tcpServer((socket) => socket.once("data", () => socket.destroy()));
    expect(failure(await send(pool(origin), request(origin)))).toMatchObject({
      kind: "connection_lost",
      sent: true,
    });
  });

  test("if the response is truncated", async () => {
    const head = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nonly this";
    const { origin } = await tcpServer((socket) => socket.once("data", () => socket.end(head)));
    const result = failure(await send(pool(origin), request(origin)));
    expect(result).toMatchObject({ kind: "connection_lost", sent: true, status: 200 });
  });

  test("if a dispatcher in between does not pass on onRequestStart", async () => {
    const { origin } = await tcpServer((socket) => socket.once("data", () => socket.destroy()));
    const silent = pool(origin).compose((dispatch) => (options, handler) => {
      class Silent extends DecoratorHandler {
        onRequestStart() {}
      }
      return dispatch(options, new Silent(handler));
    });
    expect(failure(await send(silent, request(origin)))).toMatchObject({
      kind: "connection_lost",
      sent: true,
    });
  });

  test("if the response is not HTTP", async () => {
    const { origin } = await tcpServer((socket) =>
      socket.once("data", () => socket.end("220 smtp ready\r\n\r\n")),
    );
    expect(failure(await send(pool(origin), request(origin)))).toMatchObject({
      kind: "connection_lost",
      sent: true,
    });
  });
});

describe("a response that is too long", () => {
  test.each([
    ["with", { "content-length": "101" }],
    ["without", {}],
  ])("ends the exchange %s a content-length", async (_name, headers) => {
    const { origin, sockets } = await httpServer((_req, res) => {
      res.writeHead(200, headers);
      res.write(Buffer.alloc(101));
    });
    const result = failure(await send(pool(origin), request(origin)));
    expect(result).toMatchObject({ kind: "too_large", sent: true, status: 200 });
    for (const socket of sockets) await once(socket, "close");
  });

  test("fails by its content-length before any of its body arrives", async () => {
    const { origin } = await httpServer((_req, res) => {
      res.writeHead(200, { "content-length": "101" });
      res.flushHeaders();
    });
    expect(failure(await send(pool(origin), request(origin)))).toMatchObject({
      kind: "too_large",
      sent: true,
      status: 200,
    });
  });

  test.each([
    ["HEAD", 200],
    ["GET", 304],
  ])(
    "is not one to %s with status %d, whose content-length is that of a body which does not follow",
    async (verb, status) => {
      const { origin } = await httpServer((_req, res) => {
        res.writeHead(status, { "content-length": "101" });
        res.end();
      });
      const result = await send(pool(origin), request(origin, { verb, body: null }));
      expect(result).toMatchObject({ response: { status, body: { length: 0 }, isCloseDelimited: false } });
    },
  );

  test("is one byte more than the limit", async () => {
    const { origin } = await httpServer((_req, res) => res.end(Buffer.alloc(100)));
    expect(await send(pool(origin), request(origin))).toMatchObject({ response: { status: 200 } });
  });
});

describe("a cancelled exchange", () => {
  test("frees its connection at once", async () => {
    const { origin, sockets } = await httpServer(() => undefined);
    const dispatcher = pool(origin);
    const started = once(dispatcher, "connect");
    let cancel: (() => void) | undefined;
    const result = new Promise<HttpResult>((resolve) => {
      const exchange = exchangeOf(request(origin), resolve);
      exchange.begin(dispatcher);
      cancel = () => exchange.cancel(new Error("enough"));
    });
    await started;
    await new Promise(setImmediate);
    cancel?.();
    expect(failure(await result)).toMatchObject({
      kind: "cancelled",
      sent: true,
      cause: new Error("enough"),
    });
    for (const socket of sockets) await once(socket, "close");
  });

  test("that still waits for a connection was not sent, and does not disturb the one before it", async () => {
    const seen: string[] = [];
    let respond: (() => void) | undefined;
    const { origin, sockets } = await httpServer((req, res) => {
      seen.push(req.url ?? "");
      respond = () => res.end();
    });
    const dispatcher = pool(origin, { connections: 1 });
    const first = send(dispatcher, request(origin, { target: "/first" }));
    const second = new Promise<HttpResult>((resolve) => {
      const exchange = exchangeOf(request(origin, { target: "/second" }), resolve);
      exchange.begin(dispatcher);
      exchange.cancel(new Error("no"));
    });
    expect(failure(await second)).toMatchObject({ kind: "cancelled", sent: false });
    await expect.poll(() => respond).toBeDefined();
    respond?.();
    expect(await first).toMatchObject({ response: { status: 200 } });
    const [socket] = sockets;
    const third = send(dispatcher, request(origin, { target: "/third" }));
    await expect.poll(() => seen.length).toBe(2);
    respond?.();
    expect(await third).toMatchObject({ response: { status: 200 } });
    expect(seen).toEqual(["/first", "/third"]);
    expect([...sockets]).toEqual([socket]);
  });
});

test("undici reports a handler of another release with the message that the exchange recognizes", async () => {
  const dispatch = () => pool("http://127.0.0.1").dispatch({ path: "/", method: "GET" }, {});
  expect(dispatch).toThrow(/^invalid on\w+ method$/);
});

test("a dispatcher of undici 6 fails with an error that names the supported releases", async () => {
  const dispatcher = {
    dispatch(): boolean {
      // What undici 6.21 throws for a handler without onError.
      throw new Error("invalid onError method");
    },
  } as unknown as Pool;
  const { cause, ...rest } = failure(await send(dispatcher, request("http://127.0.0.1")));
  expect(rest).toEqual({ kind: "unusable_dispatcher", sent: false });
  expect(String(cause)).toContain("undici 7 and 8 do");
});

test("an undici interceptor that adds headers changes its own request only", async () => {
  const seen: (string | string[] | undefined)[] = [];
  const { origin } = await httpServer((req, res) => {
    seen.push(req.headers["x-number"]);
    res.end();
  });
  let number = 0;
  const numbering = pool(origin).compose((dispatch) => (options, handler) => {
    (options.headers as string[]).push("x-number", String(++number));
    return dispatch(options, handler);
  });
  const shared = request(origin, { headers: ["x-a", "b"] });
  for (let i = 0; i < 3; i++) await send(numbering, shared);
  expect(seen).toEqual(["1", "2", "3"]);
});

test("a response of undici's MockAgent is close-delimited unless it has a content-length", async () => {
  const origin = "http://mock.invalid";
  const mock = new MockAgent();
  mock.disableNetConnect();
  onTestFinished(() => mock.close());
  const intercept = () => mock.get(origin).intercept({ path: "/x", method: "POST" });
  intercept().replyContentLength().reply(200, Buffer.from("hi"));
  expect(await send(mock, request(origin))).toMatchObject({ response: { isCloseDelimited: false } });
  intercept().reply(200, Buffer.from("hi"));
  expect(await send(mock, request(origin))).toMatchObject({ response: { isCloseDelimited: true } });
});

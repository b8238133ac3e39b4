// A program for Connect streams over REST unchanged. Each program here runs over Connect's own transport to a Connect
// server, and over this library's transport to a gateway. Both servers do the same.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import {
  type CallOptions,
  type Client,
  Code,
  ConnectError,
  createClient,
  createContextKey,
  createContextValues,
  type Interceptor,
  type StreamRequest,
  type Transport,
} from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  type ExchangeRequestSchema,
  type FollowRequestSchema,
  LogService,
} from "../gen/streams/v1/streams_pb.js";
import { deferred } from "../support/deferred.ts";
import { until } from "../support/until.ts";
import { transports } from "./support/log-servers.ts";
import { type LogContext, type Logs, textOf } from "./support/log-service.ts";

type LogClient = Client<typeof LogService>;

/** What the servers saw. */
interface Seen {
  readonly contexts: LogContext[];
  readonly ended: string[];
}

function logs({ contexts, ended }: Seen): Logs {
  return {
    async *follow({ parent, words }, context) {
      contexts.push(context);
      context.setHeader("x-log", parent);
      const [first = "", then] = words;
      try {
        if (first === "fail") throw failure("no such log");
        const reader = context.requestHeader.get("x-reader");
        for (const text of first.split("")) yield { entry: { text, sequence: 1n }, result: reader ?? "" };
        if (then === "fail") throw failure("the log is broken");
        if (then === "hang")
          await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      } finally {
        ended.push(`follow ${words}`);
      }
    },
    async append(requests, context) {
      contexts.push(context);
      context.setHeader("x-log", "logs/a");
      const texts: string[] = [];
      for await (const request of requests) {
        texts.push(textOf(request));
        if (textOf(request) === "fail") throw failure("the log is full");
      }
      return { count: texts.length, text: texts.join("") };
    },
    async *exchange(requests, context) {
      contexts.push(context);
      try {
        for await (const request of requests) {
          if (textOf(request) === "fail") throw failure("the log is full");
          yield { entry: { text: `${textOf(request)}!` } };
        }
      } finally {
        ended.push("exchange");
      }
    },
  };
}

function failure(message: string): ConnectError {
  const hint = { desc: StringValueSchema, value: { value: "ask at the desk" } };
  return new ConnectError(message, Code.ResourceExhausted, undefined, [hint]);
}

/** Ours has metadata where the response had begun; Connect's has none. */
function withoutMetadata(thrown: unknown) {
  return { ...described(thrown), log: undefined };
}

function described(thrown: unknown) {
  const { code, rawMessage, metadata } = ConnectError.from(thrown);
  const hints = ConnectError.from(thrown).findDetails(StringValueSchema);
  return {
    isConnectError: thrown instanceof ConnectError,
    code: Code[code],
    rawMessage,
    hints: hints.map(({ value }) => value),
    log: metadata.get("x-log"),
  };
}

/** Reads a stream to its end: its texts, then its error. */
async function read(messages: AsyncIterable<Parameters<typeof textOf>[0]>): Promise<unknown[]> {
  const seen: unknown[] = [];
  try {
    for await (const message of messages) seen.push(textOf(message));
  } catch (error) {
    seen.push(described(error));
  }
  return seen;
}

/** Runs a program over both transports. Its results have to be equal. */
async function alikeOver<T>(
  program: (transport: Transport, seen: Seen) => Promise<T>,
  interceptors: () => Interceptor[] = () => [],
): Promise<T> {
  const results: Record<string, T> = {};
  for (const [name, connect] of Object.entries(transports)) {
    const seen: Seen = { contexts: [], ended: [] };
    results[name] = await program(await connect(logs(seen), interceptors()), seen);
  }
  expect(results.ours).toEqual(results["Connect's own"]);
  return results.ours as T;
}

/** {@link alikeOver} with a client. */
function alike<T>(
  program: (client: LogClient, seen: Seen) => Promise<T>,
  interceptors?: () => Interceptor[],
): Promise<T> {
  return alikeOver((transport, seen) => program(createClient(LogService, transport), seen), interceptors);
}

const parent = "logs/a";

function entries(texts: Iterable<string>) {
  return (async function* () {
    for (const text of texts) yield { entry: { text } };
  })();
}

/** An interceptor that changes every message of every stream. */
function changing(log: string[] = []): Interceptor {
  return (next) => async (request) => {
    log.push(`stream: ${request.stream}, ${request.method.name}`);
    if (!request.stream) return next(request);
    request.header.set("x-reader", "Jane");
    const changed = { ...request, message: louder(request.message, "?") } as StreamRequest;
    const response = await next(changed);
    log.push(`response stream: ${response.stream}, ${response.header.get("x-log")}`);
    return response.stream ? { ...response, message: louder(response.message, ".") } : response;
  };
}

async function* louder<T>(messages: AsyncIterable<T>, mark: string): AsyncGenerator<T> {
  for await (const message of messages) {
    const { entry } = message as { entry?: { text: string } };
    if (entry !== undefined) entry.text += mark;
    yield message;
  }
}

test("server streaming, with headers and the order of onHeader, messages and onTrailer", async () => {
  const log = await alike(async (client) => {
    const order: string[] = [];
    const options: CallOptions = {
      headers: { "x-reader": "Ada" },
      onHeader: (header) => void order.push(`header ${header.get("x-log")}`),
      onTrailer: (trailer) => void order.push(`trailer ${[...trailer].flat()}`),
    };
    for await (const message of client.follow({ parent, words: ["abc"] }, options)) {
      order.push(`${message.$typeName} ${textOf(message)} ${message.entry?.sequence} ${message.result}`);
    }
    return order;
  });
  const message = (text: string) => `streams.v1.FollowResponse ${text} 1 Ada`;
  expect(log).toEqual(["header logs/a", message("a"), message("b"), message("c"), "trailer "]);
});

test("an empty stream", async () => {
  expect(await alike((client) => read(client.follow({ parent, words: [""] })))).toEqual([]);
});

test("client streaming", async () => {
  const result = await alike(async (client) => {
    const order: string[] = [];
    const { count, text, $typeName } = await client.append(entries("abc"), {
      onHeader: (header) => void order.push(`header ${header.get("x-log")}`),
      onTrailer: (trailer) => void order.push(`trailer ${[...trailer].flat()}`),
    });
    const nothing = await client.append(entries(""));
    return { count, text, $typeName, order, nothing: nothing.count };
  });
  expect(result).toEqual({
    $typeName: "streams.v1.AppendResponse",
    count: 3,
    text: "abc",
    order: ["header logs/a", "trailer "],
    nothing: 0,
  });
});

test("both ways at once: each response comes before the next request", async () => {
  const texts = await alike(async (client) => {
    const answered = [deferred<void>(), deferred<void>()];
    const requests = (async function* () {
      yield { entry: { text: "a" } };
      await answered[0]?.promise;
      yield { entry: { text: "b" } };
      await answered[1]?.promise;
    })();
    const seen: string[] = [];
    for await (const message of client.exchange(requests)) {
      answered[seen.length]?.resolve();
      seen.push(textOf(message));
    }
    return seen;
  });
  expect(texts).toEqual(["a!", "b!"]);
});

test.each<[string, (client: LogClient) => Promise<unknown>, unknown[]]>([
  ["before a stream", (client) => read(client.follow({ parent, words: ["fail"] })), ["no such log"]],
  [
    "within a stream",
    (client) => read(client.follow({ parent, words: ["ab", "fail"] })),
    ["a", "b", "the log is broken"],
  ],
  ["both ways", (client) => read(client.exchange(entries(["a", "fail"]))), ["a!", "the log is full"]],
  [
    "of client streaming",
    (client) => client.append(entries(["a", "fail"])).catch((error: unknown) => [described(error)]),
    ["the log is full"],
  ],
])("an error %s has its code, message, details and metadata", async (_where, program, expected) => {
  const result = (await alike(program)) as unknown[];
  expect(result.slice(0, -1)).toEqual(expected.slice(0, -1));
  expect(result.at(-1)).toMatchObject({
    isConnectError: true,
    code: "ResourceExhausted",
    rawMessage: expected.at(-1),
    hints: ["ask at the desk"],
  });
});

test("interceptors see that a call streams, and change its headers and its messages both ways", async () => {
  const log: string[] = [];
  const result = await alike(
    async (client) => ({
      followed: await read(client.follow({ parent, words: ["ab"] })),
      appended: (await client.append(entries("ab"))).text,
      exchanged: await read(client.exchange(entries("ab"))),
      log: log.splice(0),
    }),
    () => [changing(log)],
  );
  expect(result).toEqual({
    followed: ["a.", "b."],
    appended: "a?b?",
    exchanged: ["a?!.", "b?!."],
    log: [
      "stream: true, Follow",
      "response stream: true, logs/a",
      "stream: true, Append",
      "response stream: true, logs/a",
      "stream: true, Exchange",
      "response stream: true, null",
    ],
  });
});

test("interceptors are outermost first, and see context values", async () => {
  const label = createContextKey("nobody");
  const log: string[] = [];
  const named =
    (name: string): Interceptor =>
    (next) =>
    (request) => {
      log.push(`${name}: ${request.contextValues.get(label)}`);
      return next(request);
    };
  const result = await alike(
    async (client) => {
      const contextValues = createContextValues().set(label, "Ada");
      await read(client.follow({ parent, words: ["a"] }, { contextValues }));
      await read(client.follow({ parent, words: ["a"] }));
      return log.splice(0);
    },
    () => [named("outer"), named("inner")],
  );
  expect(result).toEqual(["outer: Ada", "inner: Ada", "outer: nobody", "inner: nobody"]);
});

test("an interceptor may call next again, and may replace the error of a stream", async () => {
  const again: Interceptor = (next) => async (request) => {
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: mapped(response.message) } : response;
    } catch {
      throw new ConnectError("twice nothing", Code.NotFound);
    }
  };
  async function* mapped<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* messages;
    } catch {
      throw new ConnectError("try elsewhere", Code.FailedPrecondition);
    }
  }
  const replacing = await alike(
    (client) => read(client.follow({ parent, words: ["a", "fail"] })),
    () => [again],
  );
  expect(replacing).toMatchObject([
    "a",
    { code: "FailedPrecondition", rawMessage: "try elsewhere", hints: [] },
  ]);
});

test("an interceptor that throws something else becomes a ConnectError", async () => {
  const broken: Interceptor = () => () => Promise.reject(new Error("a bug"));
  const result = await alike(
    (client) => read(client.follow({ parent, words: ["a"] })),
    () => [broken],
  );
  expect(result).toMatchObject([{ isConnectError: true, code: "Unknown", rawMessage: "a bug" }]);
});

test.each([
  [new ConnectError("too old", Code.Aborted), "Aborted", "too old"],
  [new Error("the user went away"), "Canceled", "the user went away"],
  [undefined, "Canceled", "This operation was aborted"],
])(
  "a signal ends a stream with its reason, and the handler sees that (%s)",
  async (reason, code, rawMessage) => {
    const result = await alike(async (client, { contexts, ended }) => {
      const controller = new AbortController();
      const stream = client.follow({ parent, words: ["ab", "hang"] }, { signal: controller.signal });
      const texts: string[] = [];
      const error = await (async () => {
        for await (const message of stream) {
          texts.push(textOf(message));
          if (texts.length === 2) controller.abort(reason);
        }
      })().catch(withoutMetadata);
      await until(() => contexts[0]?.signal.aborted === true && ended.length === 1);
      return { texts, error, ended };
    });
    expect(result).toMatchObject({
      texts: ["a", "b"],
      error: { code, rawMessage },
      ended: ["follow ab,hang"],
    });
  },
);

test("a signal ends a stream while its reader waits, and throws its reason into the requests", async () => {
  const result = await alike(async (client, { ended }) => {
    const controller = new AbortController();
    const thrown: string[] = [];
    const first = [{ entry: { text: "a" } }];
    const source: AsyncIterator<MessageInitShape<typeof ExchangeRequestSchema>> = {
      next: () => {
        const value = first.pop();
        return value === undefined ? new Promise(() => undefined) : Promise.resolve({ done: false, value });
      },
      throw: async (error) => {
        thrown.push(withoutMetadata(error).rawMessage);
        return { done: true, value: undefined };
      },
      return: async () => {
        if (!thrown.includes("over")) thrown.push("over");
        return { done: true, value: undefined };
      },
    };
    const requests = { [Symbol.asyncIterator]: () => source };
    const stream = client.exchange(requests, { signal: controller.signal })[Symbol.asyncIterator]();
    const answer = await stream.next();
    const rest = (async () => {
      for (;;) if ((await stream.next()).done === true) return "ended";
    })().catch(withoutMetadata);
    controller.abort(new Error("enough"));
    const error = await rest;
    await until(() => thrown.includes("over") && ended.length === 1);
    return { first: textOf(answer.value), error, thrown };
  });
  expect(result).toMatchObject({
    first: "a!",
    error: { code: "Canceled", rawMessage: "enough" },
    thrown: ["enough", "over"],
  });
});

test.each(["a deadline", "a signal"])("%s ends a call whose only request does not come", async (end) => {
  const result = await alikeOver(async (transport, { contexts }) => {
    const seen: string[] = [];
    const over = async () => ({ done: true, value: undefined }) as const;
    const source: AsyncIterator<MessageInitShape<typeof FollowRequestSchema>> = {
      next: () => {
        seen.push("next");
        return new Promise(() => undefined);
      },
      throw: over,
      return: () => {
        seen.push("return");
        return over();
      },
    };
    const requests = { [Symbol.asyncIterator]: () => source };
    const controller = new AbortController();
    const { follow } = LogService.method;
    const timeoutMs = end === "a deadline" ? 100 : undefined;
    const call = transport.stream(follow, controller.signal, timeoutMs, undefined, requests, undefined);
    const ended = call.catch(described);
    await until(() => seen.includes("next"));
    if (end === "a signal") controller.abort(new Error("enough"));
    const { code } = (await ended) as ReturnType<typeof described>;
    await until(() => seen.includes("return"));
    return { code, calls: contexts.length };
  });
  expect(result).toEqual({ code: end === "a signal" ? "Canceled" : "DeadlineExceeded", calls: 0 });
});

test("a signal that has fired already", async () => {
  const result = await alike(async (client, { contexts }) => {
    const signal = AbortSignal.abort(new Error("never mind"));
    const followed = await read(client.follow({ parent, words: ["a"] }, { signal }));
    const appended = await client.append(entries("a"), { signal }).catch(described);
    return { followed, appended, calls: contexts.length };
  });
  const error = { code: "Canceled", rawMessage: "never mind" };
  expect(result).toMatchObject({ followed: [error], appended: error, calls: 0 });
});

test("timeoutMs ends a stream, whose messages before it are read", async () => {
  const result = await alike(async (client) => {
    const [error, ...texts] = (
      await read(client.follow({ parent, words: ["ab", "hang"] }, { timeoutMs: 500 }))
    ).reverse();
    return { texts, code: (error as ReturnType<typeof described>).code };
  });
  expect(result).toEqual({ texts: ["b", "a"], code: "DeadlineExceeded" });
});

test("to leave the loop does not end a stream: its signal does", async () => {
  const result = await alike(async (client, { contexts, ended }) => {
    const controller = new AbortController();
    const { signal } = controller;
    for await (const _ of client.follow({ parent, words: ["a", "hang"] }, { signal })) break;
    await read(client.follow({ parent, words: ["a"] }));
    const afterLeaving = { isAborted: contexts[0]?.signal.aborted, ended: ended.slice() };
    controller.abort();
    await until(() => ended.length === 2);
    return { ...afterLeaving, ended: ended.slice() };
  });
  expect(result).toEqual({ isAborted: false, ended: ["follow a", "follow a,hang"] });
});

test("requests that throw end the call with their error, and the handler sees that", async () => {
  const result = await alike(async (client, { contexts }) => {
    const failing = async function* () {
      yield { entry: { text: "a" } };
      throw new Error("the source is gone");
    };
    const exchanged = (await read(client.exchange(failing()))).at(-1) as ReturnType<typeof described>;
    const appended = await client.append(failing()).catch(described);
    await until(() => contexts.length === 2 && contexts.every(({ signal }) => signal.aborted));
    return [exchanged, appended as ReturnType<typeof described>].map(({ isConnectError, rawMessage }) => {
      return { isConnectError, saysWhy: rawMessage.includes("the source is gone") };
    });
  });
  expect(result).toEqual(Array(2).fill({ isConnectError: true, saysWhy: true }));
});

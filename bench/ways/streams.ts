import { fromJson, type JsonObject } from "@bufbuild/protobuf";
import { Pool, request } from "undici";
import { BookSchema } from "../../examples/gen/library/v1/library_pb.js";
import { booksMethod } from "../stream-message.ts";
import type { Origins } from "./way.ts";

/** Reads a stream of books, and returns the sum of their pages. */
export type ReadStream = (name: string) => Promise<number>;

type StreamWay = (origins: Origins) => Promise<ReadStream>;

/** The built package with its defaults. */
const ours: StreamWay = async ({ http1 }) => {
  const { createClient, createRestTransport } = await import("bytenite-jobs/transport");
  const client = createClient(booksMethod.parent, createRestTransport({ baseUrl: http1 }));
  const list = client.call as unknown as (init: { name: string }) => AsyncIterable<{ pageCount: number }>;
  return async (name) => {
    let pages = 0;
    for await (const { pageCount } of list({ name })) pages += pageCount;
    return pages;
  };
};

/** A hand-written reader of lines. */
const byHand =
  (read: (json: JsonObject) => { readonly pageCount?: number }): StreamWay =>
  async ({ http1 }) => {
    const dispatcher = new Pool(http1);
    return async (name) => {
      const { statusCode, body } = await request(`${http1}/v1/${name}`, { dispatcher });
      if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`);
      body.setEncoding("utf8");
      let pages = 0;
      let rest = "";
      for await (const text of body) {
        const lines = (rest + text).split("\n");
        rest = lines.pop() as string;
        for (const line of lines) {
          const { result, error } = JSON.parse(line) as { result: JsonObject; error?: object };
          if (error !== undefined) throw new Error(JSON.stringify(error));
          pages += read(result).pageCount ?? 0;
        }
      }
      return pages;
    };
  };

const connect: StreamWay = async ({ http2 }) => {
  const { createClient } = await import("@connectrpc/connect");
  const { createConnectTransport } = await import("@connectrpc/connect-node");
  const transport = createConnectTransport({ baseUrl: http2, httpVersion: "2", useBinaryFormat: true });
  const client = createClient(booksMethod.parent, transport);
  const list = client.call as unknown as (init: { name: string }) => AsyncIterable<{ pageCount: number }>;
  return async (name) => {
    let pages = 0;
    for await (const { pageCount } of list({ name })) pages += pageCount;
    return pages;
  };
};

export const streamWays = {
  "bytenite-jobs": ours,
  "lines, JSON.parse, fromJson (hand-written)": byHand((json) => fromJson(BookSchema, json)),
  "lines, JSON.parse alone (hand-written)": byHand((json) => json),
  "connect-node, binary, HTTP/2": connect,
} as const satisfies Record<string, StreamWay>;

export type StreamWayName = keyof typeof streamWays;

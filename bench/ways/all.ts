import type { Way } from "./way.ts";

/** The compared ways by their name in the table. Each process loads only its own. */
export const ways = {
  "bare dispatch": async () => (await import("./bare-dispatch.ts")).bareDispatch,
  "bare dispatch + protobuf-es": async () => (await import("./bare-dispatch.ts")).bareDispatchWithProtobuf,
  "bytenite-jobs, binary": async () => (await import("./ours.ts")).oursBinary,
  "bytenite-jobs, JSON": async () => (await import("./ours.ts")).oursJson,
  "undici.request + JSON (hand-written)": async () => (await import("./undici-request.ts")).handWritten,
  "undici.request + protobuf-es": async () => (await import("./undici-request.ts")).undiciWithProtobuf,
  "fetch + JSON": async () => (await import("./fetch-json.ts")).fetchJson,
  "connect-node, HTTP/2": async () => (await import("./connect.ts")).connectHttp2,
  "connect-node, HTTP/1.1": async () => (await import("./connect.ts")).connectHttp1,
  "@grpc/grpc-js": async () => (await import("./grpc.ts")).grpcJs,
  "google-gax, REST": async () => (await import("./google-gax.ts")).googleGax,
  "raw sockets": async () => (await import("./raw-sockets.ts")).rawSockets,
} as const satisfies Record<string, () => Promise<Way>>;

export const wayNames = Object.keys(ways) as (keyof typeof ways)[];

/** The calls of npm run bench:google. */
export const googleWays = {
  "GET, bytenite-jobs": async () => (await import("./pubsub.ts")).pubsub["GET, bytenite-jobs"],
  "GET, google-gax": async () => (await import("./pubsub.ts")).pubsub["GET, google-gax"],
  "POST, bytenite-jobs": async () => (await import("./pubsub.ts")).pubsub["POST, bytenite-jobs"],
  "POST, google-gax": async () => (await import("./pubsub.ts")).pubsub["POST, google-gax"],
} as const satisfies Record<string, () => Promise<Way>>;

export const googleWayNames = Object.keys(googleWays) as (keyof typeof googleWays)[];

export type WayName = keyof typeof ways | keyof typeof googleWays;

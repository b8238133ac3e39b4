import type { DescService } from "@bufbuild/protobuf";
import type { Dispatcher } from "undici";
import { onTestFinished } from "vitest";
import { codeName, JobsError, RpcError } from "../../src/index.ts";
import {
  createMemoryJobsServer,
  createMemoryServer,
  type Fault,
  type GatewayOptions,
  type HttpHeaders,
  type JobsControls,
  type JobsOptions,
  type JobsRpc,
  type RefusalFault,
  type ServiceImplementation,
  startJobsServer,
  startServer,
  type TestServer,
} from "../../src/testing/index.ts";
import type { UnaryResponse } from "../../src/transport.ts";

/** What stands between client and server. */
export const sides = ["socket", "memory"] as const;
export type Side = (typeof sides)[number];

/** Where a client finds a server. */
export interface Peer {
  readonly baseUrl: string;
  readonly dispatcher?: Dispatcher;
}

export type JobsPeer = TestServer<Fault | RefusalFault, JobsRpc> & JobsControls & Peer;

/** A ByteNite for one test, closed when it is over. */
export async function openJobs(
  side: Side,
  options: Omit<GatewayOptions, "registry"> & JobsOptions = {},
): Promise<JobsPeer> {
  const all = { jobs: ["job-1"], ...options };
  const server = side === "socket" ? await startJobsServer(all) : createMemoryJobsServer(all);
  onTestFinished(() => server.close());
  return server;
}

/** Any service for one test, closed when it is over. */
export async function openService<Service extends DescService>(
  side: Side,
  service: Service,
  implementation: ServiceImplementation<Service>,
  options: GatewayOptions = {},
): Promise<TestServer & Peer> {
  const open = side === "socket" ? startServer : createMemoryServer;
  const server = await open(service, implementation, options);
  onTestFinished(() => server.close());
  return server;
}

/** The part of a peer's handle that clients take. */
export function clientOptions({ baseUrl, dispatcher }: Peer): Peer {
  return { baseUrl, ...(dispatcher && { dispatcher }) };
}

/** Everything that a caller is told of a call, but for times and what Node adds to the head of an answer. */
export async function endOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const { code, message, headers, details, body, history, cause, ...rest } = error;
    return {
      ...rest,
      message,
      details,
      body,
      response: error instanceof JobsError ? error.response : undefined,
      code: codeName(code),
      headers: lasting(headers),
      history: history.map(wireSchemaOf),
      cause: cause instanceof Error ? describe(cause) : cause,
    };
  }
}

/** The same of an answer. */
export function answerOf({ message, status, headers, metadata, attempts, history }: UnaryResponse): unknown {
  return {
    message,
    status,
    headers: lasting(headers),
    metadata,
    attempts,
    history: history.map(wireSchemaOf),
  };
}

/** Everything that a server recorded, but for its own address, what a retry has left of the deadline, and new tokens. */
export function recordsOf(server: Pick<TestServer, "requests">): unknown[] {
  return server.requests.map((record, i) => {
    const { rawHeaders, requestBytes, responseBytes, headers: _, ...rest } = record;
    return {
      ...rest,
      rawHeaders: rawHeaders.map((text, j) => {
        const name = rawHeaders[j - 1]?.toLowerCase();
        return name === "host" || (i > 0 && name === "grpc-timeout") ? "" : masked(text);
      }),
      requestBytes: masked(Buffer.from(requestBytes).toString("latin1")),
      responseBytes: masked(Buffer.from(responseBytes).toString("latin1")),
    };
  });
}

function masked(text: string): string {
  return text.replace(/token-[0-9a-f-]{36}/g, "token-…");
}

function wireSchemaOf(record: {
  readonly durationMs: number;
  readonly waitedMs?: number | undefined;
}): unknown {
  const { durationMs, waitedMs, ...rest } = record;
  return { ...rest, durationMs: typeof durationMs, waitedMs: typeof waitedMs };
}

function lasting(headers: HttpHeaders): HttpHeaders {
  const { date, connection, ...rest } = headers;
  return rest;
}

function describe({ name, message, ...rest }: Error): unknown {
  return { name, message, code: "code" in rest ? rest.code : undefined };
}

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

/** The two kinds of test server: over a socket and in memory. */
export const sides = ["socket", "memory"] as const;
export type Side = (typeof sides)[number];

/** What a client needs to reach a server. */
export interface Peer {
  readonly baseUrl: string;
  readonly dispatcher?: Dispatcher;
}

export type JobsPeer = TestServer<Fault | RefusalFault, JobsRpc> & JobsControls & Peer;

/** Opens a ByteNite server for one test. */
export async function openJobs(
  side: Side,
  options: Omit<GatewayOptions, "registry"> & JobsOptions = {},
): Promise<JobsPeer> {
  const all = { jobs: ["job-1"], ...options };
  const server = side === "socket" ? await startJobsServer(all) : createMemoryJobsServer(all);
  onTestFinished(() => server.close());
  return server;
}

/** Opens a server of any service for one test. */
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

/** The client options that lead to a peer. */
export function clientOptions({ baseUrl, dispatcher }: Peer): Peer {
  return { baseUrl, ...(dispatcher && { dispatcher }) };
}

/** The result or error of a call, without times and without the headers that Node adds. */
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
      headers: withoutNodeHeaders(headers),
      history: history.map(withoutTimes),
      cause: cause instanceof Error ? describe(cause) : cause,
    };
  }
}

/** A response, without times and without the headers that Node adds. */
export function responseOf({
  message,
  status,
  headers,
  metadata,
  attempts,
  history,
}: UnaryResponse): unknown {
  return {
    message,
    status,
    headers: withoutNodeHeaders(headers),
    metadata,
    attempts,
    history: history.map(withoutTimes),
  };
}

/** A server's records, without its address, the remaining deadline of retries, and new tokens. */
export function recordsOf(server: Pick<TestServer, "requests">): unknown[] {
  return server.requests.map((record, i) => {
    const { rawHeaders, requestBytes, responseBytes, headers: _, ...rest } = record;
    return {
      ...rest,
      rawHeaders: rawHeaders.map((text, j) => {
        const name = rawHeaders[j - 1]?.toLowerCase();
        return name === "host" || (i > 0 && name === "grpc-timeout") ? "" : redactTokens(text);
      }),
      requestBytes: redactTokens(Buffer.from(requestBytes).toString("latin1")),
      responseBytes: redactTokens(Buffer.from(responseBytes).toString("latin1")),
    };
  });
}

function redactTokens(text: string): string {
  return text.replace(/token-[0-9a-f-]{36}/g, "token-…");
}

function withoutTimes(record: {
  readonly durationMs: number;
  readonly waitedMs?: number | undefined;
}): unknown {
  const { durationMs, waitedMs, ...rest } = record;
  return { ...rest, durationMs: typeof durationMs, waitedMs: typeof waitedMs };
}

function withoutNodeHeaders(headers: HttpHeaders): HttpHeaders {
  const { date, connection, ...rest } = headers;
  return rest;
}

function describe({ name, message, ...rest }: Error): unknown {
  return { name, message, code: "code" in rest ? rest.code : undefined };
}

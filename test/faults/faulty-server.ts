import { type Dispatcher, H2CClient, Pool } from "undici";
import { onTestFinished } from "vitest";
import { JobsClient, type JobsClientOptions } from "../../src/index.ts";
import { type JobsServer, type JobsServerOptions, startJobsServer } from "../../src/testing/index.ts";

export type Version = "HTTP/1.1" | "HTTP/2";

/** An embedded server with one job, and its client, whose retries do not make a test wait. */
export interface Faulty {
  readonly server: JobsServer;
  readonly client: JobsClient;
  /** The number of attempts of the last successful call. */
  readonly attempts: number;
}

/** Starts both, and closes them when the test ends. */
export async function faulty(
  version: Version,
  options: Partial<JobsClientOptions> = {},
  serverOptions: JobsServerOptions = {},
): Promise<Faulty> {
  const server = await startJobsServer({ jobs: ["job-1"], http2: version === "HTTP/2", ...serverOptions });
  onTestFinished(() => server.close());
  let attempts = 0;
  const client = new JobsClient({
    baseUrl: server.baseUrl,
    ...(options.apiKey === undefined && { accessToken: server.accessToken }),
    retry: { initialBackoffMs: 1, maxBackoffMs: 2 },
    timeoutMs: 5_000,
    ...(version === "HTTP/2" && { dispatcher: http2Pool(server) }),
    interceptors: [
      (next) => async (request) => {
        const response = await next(request);
        attempts = response.attempts;
        return response;
      },
    ],
    ...options,
  } as JobsClientOptions);
  onTestFinished(() => client.close());
  return {
    server,
    client,
    get attempts() {
      return attempts;
    },
  };
}

/** A pool of two connections to an unencrypted HTTP/2 server. It closes when the test ends. */
export function http2Pool({ baseUrl }: JobsServer): Dispatcher {
  const pool = new Pool(new URL(baseUrl).origin, {
    connections: 2,
    factory: (origin) => new H2CClient(origin),
  });
  onTestFinished(() => pool.destroy());
  return pool;
}

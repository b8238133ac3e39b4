import { onTestFinished } from "vitest";
import { JobsClient, type JobsClientOptions } from "../../src/index.ts";

/** A client for one test, closed when it is over. Its retries do not make the test wait. */
export function jobsClient(baseUrl: string, options: Partial<JobsClientOptions> = {}): JobsClient {
  const credential = options.apiKey === undefined ? { accessToken: "token-1" } : {};
  const client = new JobsClient({
    baseUrl,
    retry: { initialBackoffMs: 1, maxBackoffMs: 2 },
    ...credential,
    ...options,
  } as JobsClientOptions);
  onTestFinished(() => client.close());
  return client;
}

/** The three calls, for tests that hold for each of them. */
export const calls = {
  run: (client: JobsClient) => client.run("job-1", { taskTimeout: 3600 }),
  abort: (client: JobsClient) => client.abort("job-1"),
  delete: (client: JobsClient) => client.delete("job-1"),
} as const;

export type CallName = keyof typeof calls;

import { onTestFinished } from "vitest";
import { JobsClient, type JobsClientOptions } from "../../src/index.ts";

/** Creates a client and closes it when the test ends. Its retries do not make the test wait. */
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

/** The three calls, for tests of each of them. */
export const calls = {
  run: (client: JobsClient) => client.run("job-1", { taskTimeout: 3600 }),
  abort: (client: JobsClient) => client.abort("job-1"),
  delete: (client: JobsClient) => client.delete("job-1"),
} as const;

export type CallName = keyof typeof calls;

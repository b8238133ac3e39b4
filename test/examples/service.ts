import { onTestFinished } from "vitest";
import { type AppOptions, buildApp } from "../../examples/fastify-service/app.ts";
import type { LogLine } from "../../examples/support/spawn-service.ts";
import type { JobsClientOptions } from "../../src/index.ts";
import { type JobsServer, type JobsServerOptions, startJobsServer } from "../../src/testing/index.ts";
import { jobsClient } from "../support/clients.ts";

/** The options of a test service. */
export interface ServiceSettings {
  readonly api?: JobsServerOptions;
  readonly client?: Partial<JobsClientOptions>;
  readonly app?: Omit<AppOptions, "logger">;
}

/** The Fastify service in front of an embedded server, for one test. */
export interface Service {
  readonly api: JobsServer;
  readonly app: ReturnType<typeof buildApp>;
  readonly jobs: ReturnType<typeof jobsClient>;
  /** Resolves with the first past or future log line with this message. */
  logged(msg: string): Promise<LogLine>;
  /** The text of the log. */
  readonly log: () => string;
}

/** Starts the service, without listening. */
export async function service(settings: ServiceSettings = {}): Promise<Service> {
  const api = await startJobsServer({ jobs: ["job-1"], accessToken: "token-1", ...settings.api });
  const jobs = jobsClient(api.baseUrl, settings.client);
  const log: string[] = [];
  const waiting = new Map<string, (line: LogLine) => void>();
  const stream = {
    write(text: string) {
      log.push(text);
      const line = JSON.parse(text) as LogLine;
      waiting.get(line.msg)?.(line);
    },
  };
  const app = buildApp(jobs, { logger: { level: "info", stream }, ...settings.app });
  // The API first: that ends hanging calls, so that the service can close.
  onTestFinished(async () => {
    await api.close();
    await app.close();
  });
  return {
    api,
    app,
    jobs,
    log: () => log.join(""),
    logged(msg) {
      const past = log.map((text) => JSON.parse(text) as LogLine).find((line) => line.msg === msg);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve) => waiting.set(msg, resolve));
    },
  };
}

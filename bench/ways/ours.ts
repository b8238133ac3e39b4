import { JobsClient } from "bytenite-jobs";
import { accessToken, checkResponse } from "./the-call.ts";
import type { Way } from "./way.ts";

/** The built package with its defaults: deadline, retries, token, validation. */
const ours =
  (encoding: "protobuf" | "json"): Way =>
  async ({ http1 }) => {
    const jobs = new JobsClient({ baseUrl: `${http1}/v1/customer`, accessToken, encoding });
    return async () => {
      checkResponse(await jobs.run("job-1", { taskTimeout: 3600, jobTimeout: 86_400n, isTestJob: true }));
    };
  };

export const oursBinary = ours("protobuf");
export const oursJson = ours("json");

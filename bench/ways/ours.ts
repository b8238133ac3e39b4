import { JobsClient } from "bytenite-jobs";
import { accessToken, check } from "./the-call.ts";
import type { Way } from "./way.ts";

/** The package as it is built, with all that is on by default: deadline, retries, token, schema check. */
const ours =
  (encoding: "protobuf" | "json"): Way =>
  async ({ http1 }) => {
    const jobs = new JobsClient({ baseUrl: `${http1}/v1/customer`, accessToken, encoding });
    return async () => {
      check(await jobs.run("job-1", { taskTimeout: 3600, jobTimeout: 86_400n, isTestJob: true }));
    };
  };

export const oursBinary = ours("protobuf");
export const oursJson = ours("json");

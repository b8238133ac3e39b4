// One small GET and one small POST of Pub/Sub in JSON, by this package and by google-gax.
import { createClient, createRestTransport } from "bytenite-jobs/transport";
import { publishedApis } from "../../test/google/published-apis.ts";
import { gaxMethod } from "./google-gax.ts";
import { accessToken } from "./the-call.ts";
import type { Call, Way } from "./way.ts";

export const topic = "projects/bench/topics/t";
const service = "google.pubsub.v1.Publisher";
const publishing = {
  topic,
  messages: [{ data: Buffer.from("a small message"), attributes: { kind: "bench" } }],
};

const ours =
  (method: "getTopic" | "publish", request: object): Way =>
  async ({ http1 }) => {
    const publisher = publishedApis(["google/pubsub/v1"]).getService(service);
    if (publisher === undefined) throw new Error(`there is no ${service}`);
    const headers = { authorization: `Bearer ${accessToken}` };
    const transport = createRestTransport({ baseUrl: http1, encoding: "json", headers });
    const call = createClient(publisher, transport)[method] as unknown as (
      request: object,
    ) => Promise<object>;
    return checked(() => call(request));
  };

const gax =
  (method: "getTopic" | "publish", request: object): Way =>
  async ({ http1 }) => {
    const call = await gaxMethod(
      http1,
      "node_modules/google-proto-files",
      "google/pubsub/v1/pubsub.proto",
      service,
      method,
    );
    return checked(() => call(request) as Promise<object>);
  };

function checked(
  call: () => Promise<{ readonly name?: string; readonly messageIds?: readonly string[] }>,
): Call {
  return async () => {
    const { name, messageIds } = await call();
    if (name !== topic && messageIds?.[0] !== "1") throw new Error("a wrong response");
  };
}

export const pubsub = {
  "GET, bytenite-jobs": ours("getTopic", { topic }),
  "GET, google-gax": gax("getTopic", { topic }),
  "POST, bytenite-jobs": ours("publish", publishing),
  "POST, google-gax": gax("publish", publishing),
} as const;

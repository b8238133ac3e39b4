import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import { accessToken, checkResponse } from "./the-call.ts";
import type { Way } from "./way.ts";

const connect =
  (httpVersion: "1.1" | "2"): Way =>
  async ({ http1, http2 }) => {
    const { createClient } = await import("@connectrpc/connect");
    const { createConnectTransport } = await import("@connectrpc/connect-node");
    const baseUrl = httpVersion === "2" ? http2 : http1;
    const client = createClient(
      Customer,
      createConnectTransport({ baseUrl, httpVersion, useBinaryFormat: true }),
    );
    const headers = { authorization: accessToken };
    return async () => {
      const config = { taskTimeout: 3600n, jobTimeout: 86_400n, isTestJob: true };
      checkResponse(await client.runJob({ jobId: "job-1", config }, { headers, timeoutMs: 30_000 }));
    };
  };

export const connectHttp2 = connect("2");
export const connectHttp1 = connect("1.1");

import type { Agent, IncomingHttpHeaders } from "node:http";
import { request as httpRequest } from "node:http";

/** What to send. */
export interface HttpCall {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]> | readonly string[];
  readonly body?: Uint8Array | string;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: Uint8Array;
}

/** One HTTP request with node:http alone, so that nothing of what is tested helps with the test. */
export function httpCall(url: string, { method = "POST", headers = {}, body, agent, signal }: HttpCall = {}) {
  return new Promise<HttpAnswer>((resolve, reject) => {
    const request = httpRequest(url, {
      method,
      headers: headers as Record<string, string | string[]>,
      agent: agent ?? false,
      ...(signal && { signal }),
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Uint8Array[] = [];
      response.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          trailers: response.trailers,
          body: new Uint8Array(Buffer.concat(chunks)),
        }),
      );
    });
    request.end(body);
  });
}

/** An answer's body, read as JSON. */
export function jsonOf({ body }: HttpAnswer): unknown {
  return JSON.parse(Buffer.from(body).toString("utf8"));
}

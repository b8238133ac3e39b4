import type { Agent, IncomingHttpHeaders } from "node:http";
import { request as httpRequest } from "node:http";

/** The options of a request. */
export interface HttpCall {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]> | readonly string[];
  readonly body?: Uint8Array | string;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

/** A response with its complete body. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: Uint8Array;
}

/** Sends one HTTP request with node:http alone, so that the test does not depend on the tested code. */
export function httpCall(url: string, { method = "POST", headers = {}, body, agent, signal }: HttpCall = {}) {
  return new Promise<HttpResponse>((resolve, reject) => {
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

/** Parses a response's body as JSON. */
export function jsonOf({ body }: HttpResponse): unknown {
  return JSON.parse(Buffer.from(body).toString("utf8"));
}

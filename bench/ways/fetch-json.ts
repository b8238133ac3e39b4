import { accessToken, checkResponse, path } from "./the-call.ts";
import type { Way } from "./way.ts";

/** Node's own fetch. */
export const fetchJson: Way =
  async ({ http1 }) =>
  async () => {
    const response = await fetch(http1 + path, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", authorization: accessToken },
      body: JSON.stringify({ config: { taskTimeout: "3600", jobTimeout: "86400", isTestJob: true } }),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    checkResponse((await response.json()) as object);
  };

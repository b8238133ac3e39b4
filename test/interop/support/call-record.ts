import type { BackendCall } from "./gateway.ts";

/** How long callThat() waits for a call: only one that never comes takes so long. */
const patienceMs = 120_000;

/** What the backend recorded, read over its control port. */
export interface CallRecord {
  calls(): Promise<readonly BackendCall[]>;
  clear(): Promise<void>;
  callThat(fits: (call: BackendCall) => boolean): Promise<BackendCall>;
}

/** All calls, and a number that grows with every change of them. */
interface Snapshot {
  readonly version: number;
  readonly calls: readonly BackendCall[];
}

/** Opens the record at the address that the process named. */
export function openCallRecord(controlUrl: string): CallRecord {
  const ask = async (method: string, path: string, signal?: AbortSignal): Promise<Response> => {
    const response = await fetch(`${controlUrl}${path}`, { method, signal: signal ?? null });
    if (!response.ok) {
      throw new Error(`The gateway's control port answered ${response.status}: ${await response.text()}`);
    }
    return response;
  };
  const snapshot = async (path: string, signal?: AbortSignal): Promise<Snapshot> =>
    (await (await ask("GET", path, signal)).json()) as Snapshot;

  return {
    calls: async () => (await snapshot("/calls")).calls,
    clear: async () => {
      await (await ask("POST", "/clear")).text();
    },
    callThat: async (fits) => {
      const signal = AbortSignal.timeout(patienceMs);
      let seen = await snapshot("/calls");
      for (;;) {
        const call = seen.calls.find(fits);
        if (call !== undefined) {
          return call;
        }
        const { version, calls } = seen;
        // Answered at the next change, or with the same version after a while.
        seen = await snapshot(`/calls/wait?after=${version}`, signal).catch((cause: unknown) => {
          const had = JSON.stringify(calls, null, 2);
          throw new Error(`No such call reached the backend within ${patienceMs} ms. It had: ${had}`, {
            cause,
          });
        });
      }
    },
  };
}

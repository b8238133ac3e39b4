import type { BackendCall } from "./gateway.ts";

/** The time limit of callThat(), for a call that never arrives. */
const patienceMs = 120_000;

/** Reads the backend's record of calls over its control port. */
export interface CallRecord {
  calls(): Promise<readonly BackendCall[]>;
  clear(): Promise<void>;
  callThat(fits: (call: BackendCall) => boolean): Promise<BackendCall>;
  step(count?: number): Promise<void>;
}

/** All calls, with a version that grows with every change. */
interface Snapshot {
  readonly version: number;
  readonly calls: readonly BackendCall[];
}

/** Opens the record at the address of the control port. */
export function openCallRecord(controlUrl: string): CallRecord {
  const ask = async (method: string, path: string, signal?: AbortSignal): Promise<Response> => {
    const response = await fetch(`${controlUrl}${path}`, { method, signal: signal ?? null });
    if (!response.ok) {
      throw new Error(
        `The gateway's control port responded with ${response.status}: ${await response.text()}`,
      );
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
    step: async (count = 1) => {
      await (await ask("POST", `/step?count=${count}`)).text();
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
        // Responds at the next change, or after a while with the same version.
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

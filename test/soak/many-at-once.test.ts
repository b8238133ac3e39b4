import { expect, test } from "vitest";
import { faulty } from "../faults/faulty-server.ts";

// `npm run soak` makes a million calls in sequence, and watches the heap.
test.each(["HTTP/1.1", "HTTP/2"] as const)(
  "ten thousand concurrent calls over %s succeed",
  async (version) => {
    const { server, client } = await faulty(version, { timeoutMs: 0 }, { recordLimit: 20_000 });
    const ids = Array.from({ length: 10_000 }, (_, i) => `job-${i + 2}`);
    for (const id of ids) server.addJob(id);
    const responses = await Promise.all(ids.map((id) => client.run(id, { taskTimeout: 60 })));
    expect(responses.every(({ ok }) => ok)).toBe(true);
    expect(new Set(server.executions.map(({ jobId }) => jobId)).size).toBe(10_000);
    expect(server.executions).toHaveLength(10_000);
    expect(server.connections).toBeLessThanOrEqual(128);
  },
);

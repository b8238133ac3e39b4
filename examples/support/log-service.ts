import { EventEmitter, once } from "node:events";
import { create } from "@bufbuild/protobuf";
import type { ServiceImplementation } from "bytenite-jobs/testing";
import { type Entry, EntrySchema, type LogService } from "../gen/logs/v1/logs_pb.js";

/** The log service of the examples, with its logs in memory. */
export function logService(
  logs: Readonly<Record<string, readonly string[]>> = {},
): ServiceImplementation<typeof LogService> {
  const entries = new Map<string, Entry[]>();
  const added = new EventEmitter();

  const entriesOf = (log: string): Entry[] => {
    const known = entries.get(log) ?? [];
    entries.set(log, known);
    return known;
  };

  const add = (log: string, text: string): void => {
    const known = entriesOf(log);
    known.push(create(EntrySchema, { id: BigInt(known.length + 1), text }));
    added.emit(log);
  };

  for (const [log, texts] of Object.entries(logs)) for (const text of texts) add(log, text);

  return {
    async *followLog({ log, after }, { signal }) {
      const known = entriesOf(log);
      for (let next = Number(after); ; ) {
        while (next < known.length) yield known[next++] as Entry;
        await once(added, log, { signal });
      }
    },

    async addEntries(requests) {
      let count = 0;
      for await (const { log, text } of requests) {
        add(log, text);
        count++;
      }
      return { count };
    },

    async *findEntries(requests) {
      for await (const { log, text } of requests) {
        yield { entries: entriesOf(log).filter((entry) => entry.text.includes(text)) };
      }
    },
  };
}

import type { TracingChannel } from "node:diagnostics_channel";

/** What is published of a piece of work; with an error, which may be anything, once it has failed. */
interface TracedEvent {
  readonly error?: unknown;
}

/** Begins a piece of work that ends later, within the stores that observers have bound to its start. */
export function traced<Event extends TracedEvent, T>(
  { start, end }: TracingChannel<unknown, Event>,
  event: Event,
  begin: () => T,
): T {
  return start.runStores(event, () => {
    try {
      return begin();
    } finally {
      end.publish(event);
    }
  });
}

/** It has ended: the channels in the order in which Node's own `tracePromise` publishes. */
export function finished<Event extends TracedEvent>(
  { error, asyncStart, asyncEnd }: TracingChannel<unknown, Event>,
  event: Event,
): void {
  // Not by its value: what is thrown may be `undefined`.
  if ("error" in event) error.publish(event);
  asyncStart.publish(event);
  asyncEnd.publish(event);
}

import type { TracingChannel } from "node:diagnostics_channel";

/** An event of a tracing channel. It has an `error`, which may be any value, if its operation failed. */
interface TracedEvent {
  readonly error?: unknown;
}

/** Whether a channel has subscribers. */
export function isObserved<Event extends object>(channel: TracingChannel<unknown, Event>): boolean {
  // A TracingChannel of Bun (1.4) has no `hasSubscribers`; its channels have.
  return channel.hasSubscribers ?? parts.some((part) => channel[part].hasSubscribers);
}

const parts = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;

/** Begins an asynchronous operation, within the stores that subscribers bind to the channel's `start`. */
export function traceStart<Event extends TracedEvent, T>(
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

/** Publishes the end of the operation, in the order of Node's own `tracePromise`. */
export function publishEnd<Event extends TracedEvent>(
  { error, asyncStart, asyncEnd }: TracingChannel<unknown, Event>,
  event: Event,
): void {
  // The property counts and not its value: the operation may have thrown `undefined`.
  if ("error" in event) error.publish(event);
  asyncStart.publish(event);
  asyncEnd.publish(event);
}

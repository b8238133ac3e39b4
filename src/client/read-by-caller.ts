import type { StreamEnd } from "../diagnostics/call-event.ts";
import type { StreamResponse } from "./interceptor.ts";

const done = { done: true, value: undefined } as const;

/**
 * A response after what interceptors have made of it, as the caller reads it. When the caller leaves its messages, the call
 * ends at once.
 *
 * @param leaving aborts the call
 * @param onEnd is called once, with how the messages have ended for the caller
 */
export function readByCaller(
  response: StreamResponse,
  leaving: AbortController,
  onEnd: (read: Pick<StreamEnd, "responseMessages" | "error">) => void,
): StreamResponse {
  let responseMessages = 0;
  let isOver = false;
  const end = (error: unknown) => {
    if (!isOver) onEnd({ responseMessages, error });
    isOver = true;
  };
  const message: StreamResponse["message"] = {
    [Symbol.asyncIterator]: () => {
      const messages = response.message[Symbol.asyncIterator]();
      return {
        next: async () => {
          try {
            const result = await messages.next();
            if (result.done === true) end(undefined);
            else responseMessages++;
            return result;
          } catch (error) {
            // Whoever has left is not interested in the error of that.
            if (leaving.signal.aborted) return done;
            end(error);
            throw error;
          }
        },
        return: async () => {
          try {
            const returned = messages.return?.();
            // A generator does not pass this on if it was not begun, or not before the message that it waits for.
            await Promise.race([returned, new Promise(setImmediate)]).finally(() => leaving.abort());
            await returned;
          } catch (error) {
            end(error);
            throw error;
          }
          end(undefined);
          return done;
        },
      };
    },
  };
  const read: StreamResponse = {
    stream: true,
    message,
    get status() {
      return response.status;
    },
    get headers() {
      return response.headers;
    },
    get metadata() {
      return response.metadata;
    },
    get attempts() {
      return response.attempts;
    },
    get history() {
      return response.history;
    },
  };
  // An interceptor may have added properties of its own.
  const properties = Object.getOwnPropertyDescriptors(response);
  return Object.defineProperties({} as StreamResponse, {
    ...properties,
    ...Object.getOwnPropertyDescriptors(read),
  });
}

/** A signal that is not one is left to the validation of the options. */
export function eitherSignal(signal: AbortSignal | undefined, leaving: AbortSignal): AbortSignal {
  return signal instanceof AbortSignal ? AbortSignal.any([signal, leaving]) : (signal ?? leaving);
}

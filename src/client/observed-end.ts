import type { StreamEnd } from "../diagnostics/call-event.ts";
import type { StreamResponse } from "./interceptor.ts";

/** A response that reports how its messages end for their reader, after what interceptors have made of them. */
export function withObservedEnd(
  response: StreamResponse,
  onEnd: (read: Pick<StreamEnd, "responseMessages" | "error">) => void,
): StreamResponse {
  let responseMessages = 0;
  const end = (error: unknown) => onEnd({ responseMessages, error });
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
            end(error);
            throw error;
          }
        },
        return: async () => {
          await messages.return?.();
          end(undefined);
          return { done: true, value: undefined };
        },
      };
    },
  };
  const properties = Object.getOwnPropertyDescriptors(response);
  return Object.defineProperties(
    {},
    { ...properties, message: { value: message, enumerable: true } },
  ) as StreamResponse;
}

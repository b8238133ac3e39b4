/**
 * A stream whose errors are converted.
 *
 * @param onDone is called when the stream has ended without an error
 */
export function withErrors<T>(
  messages: AsyncIterable<T>,
  convert: (error: unknown) => unknown,
  onDone?: () => void,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = messages[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const result = await iterator.next();
            if (result.done === true) onDone?.();
            return result;
          } catch (error) {
            throw convert(error);
          }
        },
        async return() {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

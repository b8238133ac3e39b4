import { deferred } from "../../support/deferred.ts";

/** The requests of a stream, given one by one. */
export interface RequestQueue<Request> {
  readonly requests: AsyncIterable<Request>;
  give(request: Request): void;
  end(): void;
  /** Resolves when the client has called `return()`, because it wants no more. */
  readonly left: Promise<void>;
}

/** Creates requests for a stream that wait until the test gives them. */
export function requestQueue<Request>(): RequestQueue<Request> {
  const given: Request[] = [];
  const left = deferred();
  let isOver = false;
  let wake = () => {};
  const end = () => {
    isOver = true;
    wake();
  };
  const iterator: AsyncIterator<Request> = {
    async next() {
      for (;;) {
        const value = given.shift();
        if (value !== undefined) return { done: false, value };
        if (isOver) return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async return() {
      end();
      left.resolve();
      return { done: true, value: undefined };
    },
  };
  return {
    requests: { [Symbol.asyncIterator]: () => iterator },
    give(request) {
      given.push(request);
      wake();
    },
    end,
    left: left.promise,
  };
}

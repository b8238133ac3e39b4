import type { Registry } from "@bufbuild/protobuf";
import { Code, type ConnectError, type Interceptor } from "@connectrpc/connect";
import { connectErrorFrom } from "./connect-error.ts";
import { withErrors } from "./with-errors.ts";

/**
 * Finds the error to reject a call or its stream with. If a signal aborts, Connect creates a new error from its reason; the
 * error of this library also has the outcome.
 */
export class CallErrors {
  readonly #registry: Registry;
  #last: ConnectError | undefined;
  #thrown: unknown;
  /** Without an error of the interceptors, only a signal ends a call. */
  #wasAborted = true;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The outermost interceptor. It sees the errors that other interceptors throw instead. */
  readonly interceptor: Interceptor = (next) => async (request) => {
    const seen = (error: unknown) => {
      this.#thrown = error;
      this.#wasAborted = request.signal.aborted;
      return error;
    };
    try {
      const response = await next(request);
      return response.stream ? { ...response, message: withErrors(response.message, seen) } : response;
    } catch (error) {
      throw seen(error);
    }
  };

  /** Converts the error of a request or of its stream, and remembers it. */
  convert(error: unknown, signal: AbortSignal | undefined): ConnectError {
    if (this.#last === undefined || this.#last.cause !== error) {
      this.#last = connectErrorFrom(error, this.#registry, signal);
    }
    return this.#last;
  }

  /** The error of the last request, unless an interceptor replaced it with this one. */
  final(error: unknown): ConnectError {
    const last = this.#last;
    const isAborted =
      this.#wasAborted && (last?.code === Code.Canceled || last?.code === Code.DeadlineExceeded);
    const isLast = last !== undefined && (isAborted || this.#thrown === last);
    return isLast ? last : connectErrorFrom(error, this.#registry);
  }
}

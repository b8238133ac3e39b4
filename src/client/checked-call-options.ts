import type { DescMethod } from "@bufbuild/protobuf";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import type { CallOptions } from "./call-options.ts";

const known: Readonly<Record<keyof CallOptions, true>> = {
  signal: true,
  timeoutMs: true,
  headers: true,
  metadata: true,
  encoding: true,
  retry: true,
  idempotencyKey: true,
  onResponse: true,
};

/** Refuses options of a call that there are not: a misspelt `timeoutMS` must not be a call without a deadline. */
export function checkedCallOptions(options: CallOptions, rpc: DescMethod): CallOptions {
  const method = rpcName(rpc);
  if (typeof options !== "object" || options === null)
    throw invalidArgument("options must be an object", method);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name))
      throw invalidArgument(`there is no option ${JSON.stringify(name)}`, method);
  }
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw invalidArgument("signal must be an AbortSignal", method);
  }
  const { idempotencyKey } = options;
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== "string" || idempotencyKey === "")) {
    throw invalidArgument("idempotencyKey must be a string that is not empty", method);
  }
  if (options.onResponse !== undefined && typeof options.onResponse !== "function") {
    throw invalidArgument("onResponse must be a function", method);
  }
  return options;
}

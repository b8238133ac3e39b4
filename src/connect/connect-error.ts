import {
  type DescMessage,
  type Message,
  type MessageShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { Code as ConnectCode, ConnectError } from "@connectrpc/connect";
import { decodeDetail, type ErrorDetail, findDetails } from "../errors/error-detail.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { receivedHeaders } from "./headers.ts";

/**
 * What this library knows of a call that failed over its transport: above all `outcome`, whether it happened, and
 * besides `attempts`, `history`, the HTTP `status` and the `body`.
 *
 * @returns undefined for an error that does not come from there
 */
export function rpcErrorOf(error: unknown): RpcError | undefined {
  if (error instanceof RpcError) return error;
  return error instanceof ConnectError && error.cause instanceof RpcError ? error.cause : undefined;
}

/**
 * An error of ours as one of Connect's, whose `cause` it becomes. The codes have the same numbers.
 *
 * @param signal of the call: Connect's clients are told its reason
 */
export function connectErrorFrom(error: unknown, registry: Registry, signal?: AbortSignal): ConnectError {
  if (!(error instanceof RpcError)) return ConnectError.from(error);
  return new RestConnectError(error, registry, reasonOf(error, signal));
}

/** Where the signal ended the call. What `AbortSignal.timeout` says is Canceled to Connect, too. */
function reasonOf({ cause }: RpcError, signal: AbortSignal | undefined): ConnectError | undefined {
  if (!signal?.aborted || cause !== signal.reason) return undefined;
  return ConnectError.from(cause, ConnectCode.Canceled);
}

class RestConnectError extends ConnectError {
  /** Those that Connect cannot hold. */
  readonly #others: readonly ErrorDetail[];

  constructor(error: RpcError, registry: Registry, reason: ConnectError | undefined) {
    const code = reason?.code ?? (error.code as number);
    super(reason?.rawMessage ?? error.reason, code, receivedHeaders(error.headers), undefined, error);
    const known = error.details.map((detail) => incomingDetail(detail, registry));
    this.details = [...(reason?.details ?? []), ...known.filter((detail) => detail !== undefined)];
    this.#others = error.details.filter((_, i) => known[i] === undefined);
    // Where a handler of a Connect server lets it through, its caller must not be shown what another server said.
    this.isWireError = error.status !== undefined;
  }

  override findDetails<Desc extends DescMessage>(desc: Desc): MessageShape<Desc>[];
  override findDetails(registry: Registry): Message[];
  override findDetails(wanted: DescMessage | Registry): Message[] {
    if (wanted.kind !== "message") return super.findDetails(wanted);
    return [...super.findDetails(wanted), ...findDetails(this.#others, wanted)];
  }
}

/**
 * A detail in binary, which is the only form that Connect decodes. One that came in JSON, of a type that the registry
 * does not have, is left out here, and found by its schema all the same.
 */
function incomingDetail(
  detail: ErrorDetail,
  registry: Registry,
): ConnectError["details"][number] | undefined {
  const { typeUrl, value, json } = detail;
  const type = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  if (json === undefined) return { type, value: value ?? new Uint8Array() };
  const desc = registry.getMessage(type);
  if (desc === undefined) return undefined;
  try {
    return { type, value: toBinary(desc, decodeDetail(detail, desc, registry)), debug: json };
  } catch {
    // As in RpcError's own findDetails: a detail is an extra to an error that says enough without it.
    return undefined;
  }
}

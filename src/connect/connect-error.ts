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
import { typeNameFromUrl } from "../errors/type-url.ts";
import { receivedHeaders } from "./headers.ts";

/**
 * Finds the RpcError behind an error of this library's Connect transport. It has the `outcome`, which says whether the rpc
 * was carried out, and `attempts`, `history`, the HTTP `status` and the `body`.
 *
 * @returns undefined if the error does not come from this transport
 */
export function rpcErrorOf(error: unknown): RpcError | undefined {
  if (error instanceof RpcError) return error;
  return error instanceof ConnectError && error.cause instanceof RpcError ? error.cause : undefined;
}

/**
 * Converts an RpcError to a ConnectError and makes it the `cause`. The codes have the same numbers.
 *
 * @param signal the call's signal: if it ended the call, the error carries its reason, as Connect's clients expect
 */
export function connectErrorFrom(error: unknown, registry: Registry, signal?: AbortSignal): ConnectError {
  if (!(error instanceof RpcError)) return ConnectError.from(error);
  return new RestConnectError(error, registry, reasonOf(error, signal));
}

/** The signal's reason, if it ended the call. Connect reports `AbortSignal.timeout` as Canceled, too. */
function reasonOf({ cause }: RpcError, signal: AbortSignal | undefined): ConnectError | undefined {
  if (!signal?.aborted || cause !== signal.reason) return undefined;
  return ConnectError.from(cause, ConnectCode.Canceled);
}

class RestConnectError extends ConnectError {
  /** The details that Connect cannot represent. */
  readonly #others: readonly ErrorDetail[];

  constructor(error: RpcError, registry: Registry, reason: ConnectError | undefined) {
    const code = reason?.code ?? (error.code as number);
    super(reason?.rawMessage ?? error.reason, code, receivedHeaders(error.headers), undefined, error);
    const known = error.details.map((detail) => incomingDetail(detail, registry));
    this.details = [...(reason?.details ?? []), ...known.filter((detail) => detail !== undefined)];
    this.#others = error.details.filter((_, i) => known[i] === undefined);
    // If a handler of a Connect server rethrows this error, its caller must not see the text of another server.
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
 * Converts a detail to binary, the only form that Connect decodes. Returns undefined for a detail in JSON whose type is not
 * in the registry; `findDetails` with its schema still finds it.
 */
function incomingDetail(
  detail: ErrorDetail,
  registry: Registry,
): ConnectError["details"][number] | undefined {
  const { typeUrl, value, json } = detail;
  const type = typeNameFromUrl(typeUrl);
  if (json === undefined) return { type, value: value ?? new Uint8Array() };
  const desc = registry.getMessage(type);
  if (desc === undefined) return undefined;
  try {
    return { type, value: toBinary(desc, decodeDetail(detail, desc, registry)), debug: json };
  } catch {
    // As in RpcError.findDetails: an invalid detail is left out, because the error is useful without it.
    return undefined;
  }
}

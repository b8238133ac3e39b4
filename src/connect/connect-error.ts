import {
  type DescMessage,
  fromJson,
  type Message,
  type MessageShape,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { ErrorDetail } from "../errors/error-detail.ts";
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

/** An error of ours as one of Connect's, whose `cause` it becomes. The codes have the same numbers. */
export function connectErrorFrom(error: unknown, registry: Registry): ConnectError {
  return error instanceof RpcError ? new RestConnectError(error, registry) : ConnectError.from(error);
}

class RestConnectError extends ConnectError {
  readonly #error: RpcError;

  constructor(error: RpcError, registry: Registry) {
    super(error.reason, error.code as number, receivedHeaders(error.headers), undefined, error);
    this.#error = error;
    this.details = error.details.flatMap((detail) => incomingDetail(detail, registry));
    // Where a handler of a Connect server lets it through, its caller must not be shown what another server said.
    this.isWireError = error.status !== undefined;
  }

  override findDetails<Desc extends DescMessage>(desc: Desc): MessageShape<Desc>[];
  override findDetails(registry: Registry): Message[];
  override findDetails(wanted: DescMessage | Registry): Message[] {
    return wanted.kind === "message" ? this.#error.findDetails(wanted) : super.findDetails(wanted);
  }
}

/**
 * A detail in binary, which is the only form that Connect decodes. One that came in JSON, of a type that the registry
 * does not have, is left out here, and found by its schema all the same.
 */
function incomingDetail({ typeUrl, value, json }: ErrorDetail, registry: Registry): ConnectError["details"] {
  const type = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  if (json === undefined) return [{ type, value: value ?? new Uint8Array() }];
  const desc = registry.getMessage(type);
  if (desc === undefined) return [];
  try {
    const content = type.startsWith("google.protobuf.") ? (json.value ?? {}) : json;
    const message = fromJson(desc, content, { registry, ignoreUnknownFields: true });
    return [{ type, value: toBinary(desc, message), debug: json }];
  } catch {
    // As in RpcError's own findDetails: a detail is an extra to an error that says enough without it.
    return [];
  }
}

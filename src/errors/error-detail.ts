import {
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type Message,
  type MessageShape,
  type Registry,
} from "@bufbuild/protobuf";
import { typeNameFromUrl } from "./type-url.ts";

/**
 * One entry of a google.rpc.Status's `details`, as the server sent it: an Any whose type this process may not
 * know. A binary response sets `value`, a JSON response sets `json`.
 */
export interface ErrorDetail {
  /** For instance `"type.googleapis.com/google.rpc.RetryInfo"`. */
  readonly typeUrl: string;
  /** The message in binary. */
  readonly value?: Uint8Array;
  /** The message in JSON, without `@type`. Integers beyond 2^53 are rounded here, but not in `findDetails`. */
  readonly json?: JsonObject;
}

type Decode = (schema: DescMessage, registry: Registry | undefined) => Message;

const decoders = new WeakMap<ErrorDetail, Decode>();

/** Gives a detail that was read from JSON its own decoder, because its `json` has lost digits of large integers. */
export function withDecoder(detail: ErrorDetail, decode: Decode): ErrorDetail {
  decoders.set(detail, decode);
  return detail;
}

/** Decodes the details of one message type. It skips those that cannot be decoded. */
export function findDetails<Desc extends DescMessage>(
  details: readonly ErrorDetail[],
  schema: Desc,
): MessageShape<Desc>[] {
  const found: MessageShape<Desc>[] = [];
  for (const detail of details) {
    if (typeNameFromUrl(detail.typeUrl) !== schema.typeName) continue;
    try {
      found.push(decodeDetail(detail, schema));
    } catch {
      // The error is complete without this detail, and its bytes stay in `details`.
    }
  }
  return found;
}

/**
 * Decodes a detail as a message of the type that its `typeUrl` names.
 *
 * @param registry the types that an Any inside the detail may hold
 * @throws an error if the detail is not a message of that type
 */
export function decodeDetail<Desc extends DescMessage>(
  detail: ErrorDetail,
  schema: Desc,
  registry?: Registry,
): MessageShape<Desc> {
  const decode = decoders.get(detail);
  if (decode !== undefined) return decode(schema, registry) as MessageShape<Desc>;
  if (detail.json === undefined) return fromBinary(schema, detail.value ?? new Uint8Array());
  // A type with a JSON form of its own is under "value" (protobuf.dev, JSON mapping of Any).
  const json = schema.typeName.startsWith("google.protobuf.") ? detail.json.value : detail.json;
  return fromJson(schema, json ?? {}, { ignoreUnknownFields: true, ...(registry && { registry }) });
}

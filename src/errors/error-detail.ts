import {
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type Message,
  type MessageShape,
  type Registry,
} from "@bufbuild/protobuf";

/**
 * One entry of a google.rpc.Status's `details`, kept as it came: an Any whose type this process may not
 * know. Binary answers give `value`, JSON answers give `json`.
 */
export interface ErrorDetail {
  /** For instance `"type.googleapis.com/google.rpc.RetryInfo"`. */
  readonly typeUrl: string;
  /** The message in binary. */
  readonly value?: Uint8Array;
  /** The message in JSON, as it stood beside `@type`. Integers beyond 2^53 are rounded here, but not in `findDetails`. */
  readonly json?: JsonObject;
}

type Decode = (schema: DescMessage, registry: Registry | undefined) => Message;

const decoders = new WeakMap<ErrorDetail, Decode>();

/** Gives a detail that was read from JSON its own way to be decoded: its `json` does not have every digit. */
export function withDecoder(detail: ErrorDetail, decode: Decode): ErrorDetail {
  decoders.set(detail, decode);
  return detail;
}

/** The details that are messages of one type, decoded. One that cannot be decoded is left out. */
export function findDetails<Desc extends DescMessage>(
  details: readonly ErrorDetail[],
  schema: Desc,
): MessageShape<Desc>[] {
  const found: MessageShape<Desc>[] = [];
  for (const detail of details) {
    if (typeNameOf(detail.typeUrl) !== schema.typeName) continue;
    try {
      found.push(decodeDetail(detail, schema));
    } catch {
      // A detail is an extra to an error that says enough without it. Its bytes stay in `details`.
    }
  }
  return found;
}

/**
 * Decodes a detail as a message of the type that its `typeUrl` names.
 *
 * @param registry the types that an Any within it may hold
 * @throws an error if it is no such message
 */
export function decodeDetail<Desc extends DescMessage>(
  detail: ErrorDetail,
  schema: Desc,
  registry?: Registry,
): MessageShape<Desc> {
  const decode = decoders.get(detail);
  if (decode !== undefined) return decode(schema, registry) as MessageShape<Desc>;
  if (detail.json === undefined) return fromBinary(schema, detail.value ?? new Uint8Array());
  // Types with a JSON form of their own stand under "value" (protobuf.dev, JSON mapping of Any).
  const json = schema.typeName.startsWith("google.protobuf.") ? detail.json.value : detail.json;
  return fromJson(schema, json ?? {}, { ignoreUnknownFields: true, ...(registry && { registry }) });
}

function typeNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}

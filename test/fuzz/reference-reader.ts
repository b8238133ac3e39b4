/** A GenericResponse in plain values, for comparison. */
export interface PlainResponse {
  readonly ok: boolean;
  readonly requestId: string;
  readonly message: string;
  readonly error:
    | { readonly code: bigint; readonly message: string; readonly description: string }
    | undefined;
}

type Field = { readonly number: number; readonly value: bigint | Uint8Array | undefined };

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes a binary GenericResponse by the published rules of the encoding, without protobuf-es and without code of this
 * library. Returns undefined if the bytes are invalid.
 */
export function readBinaryResponse(bytes: Uint8Array): PlainResponse | undefined {
  try {
    const response = { ok: false, requestId: "", message: "", error: undefined as PlainResponse["error"] };
    for (const { number, value } of fieldsOf(bytes)) {
      if (number === 1) response.ok = bool(value);
      if (number === 2) response.requestId = text(value);
      if (number === 3) response.message = text(value);
      if (number === 4) response.error = readError(bytesOf(value), response.error);
    }
    return response;
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function readError(bytes: Uint8Array, before: PlainResponse["error"]): PlainResponse["error"] {
  const error = { code: 0n, message: "", description: "", ...before };
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 1) error.code = BigInt.asIntN(64, integer(value));
    if (number === 2) error.message = text(value);
    if (number === 3) error.description = text(value);
  }
  return error;
}

function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) throw new RangeError("cut");
      const byte = BigInt(bytes[at++] as number);
      value |= (byte & 127n) << shift;
      if (byte < 128n) {
        if (value >= 2n ** 64n) throw new RangeError("more than 64 bits");
        return value;
      }
    }
    throw new RangeError("more than ten bytes");
  };
  const take = (count: number): Uint8Array => {
    at += count;
    if (at > bytes.length) throw new RangeError("cut");
    return bytes.subarray(at - count, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    if (number < 1 || tag >= 2n ** 32n) throw new RangeError("no field number");
    switch (Number(tag & 7n)) {
      case 0:
        yield { number, value: varint() };
        break;
      case 2: {
        const length = varint();
        if (length > BigInt(bytes.length)) throw new RangeError("cut");
        yield { number, value: take(Number(length)) };
        break;
      }
      case 1:
        take(8);
        yield { number, value: undefined };
        break;
      case 5:
        take(4);
        yield { number, value: undefined };
        break;
      default:
        throw new RangeError("a group");
    }
  }
}

function integer(value: Field["value"]): bigint {
  if (typeof value !== "bigint") throw new TypeError("not a varint");
  return value;
}

function bool(value: Field["value"]): boolean {
  const number = integer(value);
  if (number > 1n) throw new RangeError("not a bool");
  return number === 1n;
}

function bytesOf(value: Field["value"]): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError("not length-delimited");
  return value;
}

function text(value: Field["value"]): string {
  return strictUtf8.decode(bytesOf(value));
}

/** Decodes a GenericResponse from JSON by protobuf's JSON mapping. Returns undefined if it is invalid. */
export function readJsonResponse(bytes: Uint8Array): PlainResponse | undefined {
  try {
    const json: unknown = JSON.parse(strictUtf8.decode(bytes));
    const object = record(json);
    const error = either(object, "error");
    return {
      ok: jsonOf(object.ok, "boolean") ?? false,
      requestId: jsonOf(either(object, "requestId", "request_id"), "string") ?? "",
      message: jsonOf(object.message, "string") ?? "",
      error: error === undefined || error === null ? undefined : readJsonError(record(error)),
    };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError)
      return undefined;
    throw error;
  }
}

function readJsonError({ code, message, description }: Record<string, unknown>): PlainResponse["error"] {
  if (typeof code === "number" && !Number.isInteger(code)) throw new TypeError("not a whole number");
  const number = code === undefined || code === null ? 0n : BigInt(code as string | number);
  if (number !== BigInt.asIntN(64, number)) throw new RangeError("more than 64 bits");
  return {
    code: number,
    message: jsonOf(message, "string") ?? "",
    description: jsonOf(description, "string") ?? "",
  };
}

function record(json: unknown): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw new TypeError("not an object");
  return json as Record<string, unknown>;
}

function either(object: Record<string, unknown>, ...keys: string[]): unknown {
  return keys.map((key) => object[key]).find((value) => value !== undefined);
}

function jsonOf<T extends "boolean" | "string">(value: unknown, type: T) {
  if (value === undefined || value === null) return undefined;
  const found: string = typeof value;
  if (found !== type) throw new TypeError(`not a ${type}`);
  return value as T extends "boolean" ? boolean : string;
}

import type { DescField, DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { decodeBinary } from "../../codecs/binary-codec.ts";
import { CodecError } from "../../codecs/codec-error.ts";
import { decodeJson, decodeJsonField } from "../../codecs/json-codec.ts";
import type { Encoding } from "../../codecs/media-type.ts";
import { wireSchemaOf } from "../../codecs/wire-schema.ts";
import { Code } from "../../errors/code.ts";
import type { Binding } from "../../transcoding/binding.ts";
import { httpBody } from "../../transcoding/http-body.ts";
import type { BodyContent } from "../../transcoding/place-body.ts";
import { dropMistypedFields } from "./drop-mistyped-fields.ts";
import { StatusError } from "./status-error.ts";

/**
 * Decodes the body of a request as a grpc-gateway does. If the rule has no body, it ignores the bytes. An empty body is a
 * message with all fields at their defaults, in either encoding. A google.api.HttpBody is read as it is: a grpc-gateway would
 * read it as JSON, but Google's servers and Envoy do not.
 *
 * @param contentType the request's own
 * @throws StatusError `InvalidArgument`
 */
export function decodeRequestBody(
  { requestBody, requestIsRaw, method }: Binding,
  bytes: Uint8Array,
  contentType: string,
  encoding: Encoding,
  registry: Registry,
): BodyContent | undefined {
  if (requestBody.kind === "none") return undefined;
  if (requestIsRaw) {
    const desc = (requestBody.kind === "field" ? requestBody.field.message : undefined) ?? method.input;
    return { kind: "message", desc, message: httpBody(desc, contentType, new Uint8Array(bytes)) };
  }
  if (requestBody.kind === "field" && encoding === "protobuf") {
    // Go's generated code passes the marshaler a pointer to the field, which is never a message.
    throw new StatusError(Code.InvalidArgument, "unable to unmarshal non proto field");
  }
  if (bytes.length === 0) return undefined;
  try {
    if (requestBody.kind === "field") return decodeField(requestBody.field, bytes, registry);
    const { desc } = requestBody;
    const message = encoding === "json" ? decodeJson(desc, bytes, registry) : decodeMessage(desc, bytes);
    return { kind: "message", desc, message };
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause;
    throw new StatusError(Code.InvalidArgument, cause.message, { cause });
  }
}

function decodeField(field: DescField, bytes: Uint8Array, registry: Registry): BodyContent {
  if (field.fieldKind !== "message") {
    return { kind: "field", field, holder: decodeJsonField(field, bytes, registry) };
  }
  const desc = field.message;
  return { kind: "message", desc, message: decodeJson(desc, bytes, registry) };
}

/** Decodes binary strictly first: mistyped fields are rare, and dropping them needs a second pass. */
function decodeMessage(desc: DescMessage, bytes: Uint8Array): Message {
  try {
    return decodeBinary(desc, bytes);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return decodeBinary(desc, dropMistypedFields(wireSchemaOf(desc), bytes));
  }
}

import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";

/**
 * A google.api.HttpBody. In the place of an HTTP body, `data` is the body as it is, and `contentType` its content type.
 *
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/httpbody.proto
 */
export interface HttpBody extends Message {
  contentType: string;
  data: Uint8Array;
  extensions: readonly Message[];
}

/** Whether a message type, or that of a field, is google.api.HttpBody. */
export function isHttpBody(type: DescMessage | DescField): boolean {
  if (type.kind === "message") return type.typeName === "google.api.HttpBody";
  return type.fieldKind === "message" && isHttpBody(type.message);
}

/** Creates a google.api.HttpBody, which shares the data. */
export function httpBody(desc: DescMessage, contentType: string, data: Uint8Array): Message {
  return Object.assign(create(desc), { contentType, data });
}

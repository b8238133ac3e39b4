import type { Registry } from "@bufbuild/protobuf";
import type { JsonWriteOptions } from "../../codecs/json-encoder.ts";
import type { Encoding } from "../../codecs/media-type.ts";

/** What the answers of a server have in common. */
export interface ReplySettings extends JsonWriteOptions {
  /** The types that may stand inside of a google.protobuf.Any. */
  readonly registry: Registry;
  /** The content type of answers by their encoding. */
  readonly contentTypes: Readonly<Record<Encoding, string>>;
}

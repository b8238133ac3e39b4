import type { Encoding } from "../codecs/media-type.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";

/** An encoding for request and response, or one for each. */
export type EncodingOption = Encoding | { readonly request: Encoding; readonly response: Encoding };

/** The encodings of a call's request and response. A method's http rule may require JSON instead. */
export interface EncodingPair {
  readonly request: Encoding;
  readonly response: Encoding;
}

/** Validates an `encoding` option and returns it as a pair. */
export function encodingPair(option: EncodingOption): EncodingPair {
  if (isEncoding(option)) return { request: option, response: option };
  if (
    typeof option === "object" &&
    option !== null &&
    isEncoding(option.request) &&
    isEncoding(option.response)
  ) {
    return { request: option.request, response: option.response };
  }
  throw invalidArgument(`encoding must be "protobuf", "json" or { request, response } with one each`);
}

function isEncoding(value: unknown): value is Encoding {
  return value === "protobuf" || value === "json";
}

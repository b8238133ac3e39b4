import type { Encoding } from "../codecs/media-type.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";

/** One encoding for both bodies, or one for each. */
export type EncodingOption = Encoding | { readonly request: Encoding; readonly response: Encoding };

/** The encodings that a call asks for; its method's http rule has the last word. */
export interface EncodingPair {
  readonly request: Encoding;
  readonly response: Encoding;
}

/** Checks an `encoding` option and spells it out. */
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

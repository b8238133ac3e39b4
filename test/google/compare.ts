import type { FileRegistry } from "@bufbuild/protobuf";
import { type BindingCounts, compareBindings } from "./compare-bindings.ts";
import { type CodecCounts, compareCodecs } from "./compare-codecs.ts";
import { messagesOf, protoFiles, publishedApis, servicesOf } from "./published-apis.ts";

/** Messages of each type that go through the codecs. */
const PER_TYPE = 3;

export interface Comparison {
  readonly bindings: BindingCounts;
  readonly codecs: CodecCounts;
}

/**
 * Compares what the files in some folders describe, or all of it, with google-gax and protobuf-es.
 *
 * @param onBuilt is given the descriptors, before they are used
 */
export async function compare(
  seed: number,
  folders?: readonly string[],
  onBuilt?: (registry: FileRegistry) => void,
): Promise<Comparison> {
  const registry = publishedApis(folders);
  onBuilt?.(registry);
  // What a folder imports is not its own.
  const own = folders && new Set(protoFiles(folders));
  const isOwn = ({ file }: { readonly file: { readonly proto: { readonly name: string } } }) =>
    own?.has(file.proto.name) !== false;
  const bindings = await compareBindings(servicesOf(registry).filter(isOwn), registry, seed);
  const codecs = compareCodecs(messagesOf(registry).filter(isOwn), registry, seed, PER_TYPE);
  return { bindings, codecs };
}

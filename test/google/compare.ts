import type { FileRegistry } from "@bufbuild/protobuf";
import { type BindingCounts, compareBindings } from "./compare-bindings.ts";
import { type CodecCounts, compareCodecs } from "./compare-codecs.ts";
import { messagesOf, protoFiles, publishedApis, servicesOf } from "./published-apis.ts";

/** The number of messages of each type for the codecs. */
const PER_TYPE = 3;

export interface Comparison {
  readonly bindings: BindingCounts;
  readonly codecs: CodecCounts;
}

/**
 * Compares the services and messages of the files in some folders, or in all, with google-gax and protobuf-es.
 *
 * @param onBuilt is called with the descriptors before they are used
 */
export async function compare(
  seed: number,
  folders?: readonly string[],
  onBuilt?: (registry: FileRegistry) => void,
): Promise<Comparison> {
  const registry = publishedApis(folders);
  onBuilt?.(registry);
  // The registry also has the files that those in the folders import.
  const own = folders && new Set(protoFiles(folders));
  const isOwn = ({ file }: { readonly file: { readonly proto: { readonly name: string } } }) =>
    own?.has(file.proto.name) !== false;
  const bindings = await compareBindings(servicesOf(registry).filter(isOwn), registry, seed);
  const codecs = compareCodecs(messagesOf(registry).filter(isOwn), registry, seed, PER_TYPE);
  return { bindings, codecs };
}

import type { DescMessage } from "@bufbuild/protobuf";

/**
 * Remembers what was made for each message type, or other descriptor.
 *
 * @param make asks for what belongs to the types of its fields later, when that is used: a type may hold itself
 */
// So that a bundler can leave out a codec which is not used, although it is made as its module is loaded.
/* @__NO_SIDE_EFFECTS__ */
export function memoizeByType<T, Desc extends object = DescMessage>(
  make: (desc: Desc) => T,
): (desc: Desc) => T {
  const made = new WeakMap<Desc, { readonly value: T }>();
  return (desc) => {
    let entry = made.get(desc);
    if (entry === undefined) {
      entry = { value: make(desc) };
      made.set(desc, entry);
    }
    return entry.value;
  };
}

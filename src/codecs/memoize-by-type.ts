import type { DescMessage } from "@bufbuild/protobuf";

/**
 * Memoizes a function of a message type, or of another descriptor.
 *
 * @param make must not use the memoized function for the types of fields before they are needed: a type may contain itself
 */
// The annotation lets a bundler remove an unused codec, although its module calls this function when it is loaded.
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

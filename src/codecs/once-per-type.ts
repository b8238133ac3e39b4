import type { DescMessage } from "@bufbuild/protobuf";

/**
 * Remembers what was made for each message type.
 *
 * @param make asks for what belongs to the types of its fields later, when that is used: a type may hold itself
 */
export function oncePerType<T>(make: (desc: DescMessage) => T): (desc: DescMessage) => T {
  const made = new WeakMap<DescMessage, { readonly value: T }>();
  return (desc) => {
    let entry = made.get(desc);
    if (entry === undefined) {
      entry = { value: make(desc) };
      made.set(desc, entry);
    }
    return entry.value;
  };
}

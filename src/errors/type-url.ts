/** The message type that an Any's `type_url` names: what stands behind its last slash. */
export function typeNameFromUrl(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}

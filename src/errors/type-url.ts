/** The name of the message type in the `type_url` of an Any: the part after the last slash. */
export function typeNameFromUrl(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}

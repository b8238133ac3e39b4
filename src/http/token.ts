/** A token of RFC 9110, section 5.6.2, as the source of a regular expression: a header's name, an HTTP method. */
export const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";

const token = /* @__PURE__ */ new RegExp(`^${TOKEN}$`);

/** Whether a text is a token. */
export function isToken(text: string): boolean {
  return token.test(text);
}

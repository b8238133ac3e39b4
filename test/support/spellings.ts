/** How a server or proxy may spell a text that it repeats. */
export type Spelling = (text: string) => string;

const eachOf = (text: string, spell: (charCode: number) => string) =>
  Array.from(text, (character) => spell(character.charCodeAt(0))).join("");
const eachThat = (pattern: RegExp, spell: (charCode: number) => string) => (text: string) =>
  text.replace(pattern, (character) => spell(character.charCodeAt(0)));
const hex = (charCode: number, digits: number) => charCode.toString(16).padStart(digits, "0");
const bytesOf = (text: string) => Buffer.from(text, "utf8").toString("latin1");

const json: Spelling = (text) => JSON.stringify(text).slice(1, -1);
/** As Go's encoding/json writes it. */
const jsonOfGo: Spelling = (text) => eachThat(/[<>&]/g, (code) => `\\u${hex(code, 4)}`)(json(text));
const html = eachThat(
  /[&<>"']/g,
  (code) => ({ 38: "&amp;", 60: "&lt;", 62: "&gt;", 34: "&quot;", 39: "&#39;" })[code] as string,
);
/** As Handlebars writes it. */
const htmlWithHex = eachThat(/[&<>"'`=/]/g, (code) => `&#x${code.toString(16).toUpperCase()};`);
const uri: Spelling = (text) => encodeURIComponent(text);
const base64: Spelling = (text) => Buffer.from(text, "utf8").toString("base64");
const base64Within = (before: string, after: string) => (text: string) => base64(before + text + after);

const simple = {
  "as it is": (text) => text,
  JSON: json,
  "JSON of Go": jsonOfGo,
  "JSON of PHP": (text) => json(text).replaceAll("/", "\\/"),
  "JSON with every character escaped": (text) => eachOf(text, (code) => `\\u${hex(code, 4)}`),
  "percent-encoded": uri,
  "percent-encoded in lower case": (text) => uri(text).replace(/%../g, (code) => code.toLowerCase()),
  "percent-encoded, every byte": (text) => eachOf(bytesOf(text), (code) => `%${hex(code, 2)}`),
  "percent-encoded as Latin-1": (text) => eachOf(text, (code) => `%${hex(code, 2)}`),
  "form-encoded": (text) => new URLSearchParams({ "": text }).toString().slice(1),
  HTML: html,
  "HTML with hexadecimal references": htmlWithHex,
  "HTML, every character as a number": (text) => eachOf(text, (code) => `&#${code};`),
  "with backslashes before quotes": (text) => text.replace(/["'\\]/g, "\\$&"),
  "as nginx logs it": eachThat(/["\\\x7f-\xff]/g, (code) => `\\x${hex(code, 2).toUpperCase()}`),
  base64,
  base64url: (text) => Buffer.from(text, "utf8").toString("base64url"),
  "base64 of Latin-1": (text) => Buffer.from(text, "latin1").toString("base64"),
  "base64 after one byte": base64Within("<", "!"),
  "base64 after two bytes": base64Within("<<", "! and more"),
  "base64 after three bytes": base64Within("<<<", "."),
} satisfies Record<string, Spelling>;

/** Spellings by name. Those after the simple ones combine two spellings. */
export const spellings: Readonly<Record<string, Spelling>> = {
  ...simple,
  "JSON in JSON": (text) => json(json(text)),
  "HTML in JSON of Go": (text) => jsonOfGo(html(text)),
  "HTML in HTML": (text) => html(htmlWithHex(text)),
  "percent-encoded twice": (text) => uri(uri(text)),
  "percent-encoded HTML": (text) => uri(htmlWithHex(text)),
  "percent-encoded base64": (text) => uri(base64(text)),
  "JSON, percent-encoded in a JSON string": (text) => json(uri(json(text))),
};

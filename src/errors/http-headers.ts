/** HTTP headers as undici gives them: names in lower case, a repeated header as an array. */
export type HttpHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The value of a header; the first value if the header is repeated. */
export function headerText(headers: HttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

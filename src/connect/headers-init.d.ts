/**
 * The types of @connectrpc/connect take this one for given, from TypeScript's DOM library; @types/node has all the
 * others that they need. Who uses Connect has it already: this file is not part of the package.
 */
type HeadersInit = [string, string][] | Record<string, string> | Headers;

/**
 * The types of @connectrpc/connect need this type of TypeScript's DOM library; @types/node has the other ones. Users of
 * Connect have it already, so this file is not part of the package.
 */
type HeadersInit = [string, string][] | Record<string, string> | Headers;

/**
 * The transport for clients of `@connectrpc/connect`, an optional peer dependency.
 *
 * @module bytenite-jobs/connect
 */

import "../supported-node.ts";

export type { RestCallOptions } from "./call-options.ts";
export { restCallOptions } from "./call-options.ts";
export { rpcErrorOf } from "./connect-error.ts";
export {
  type ConnectTransportOptions,
  createRestTransport,
  type RestConnectTransport,
} from "./rest-transport.ts";

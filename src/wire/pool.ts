import { type Dispatcher, Pool } from "undici";

/**
 * How many connections the pool opens at most. Left alone, undici opens one for each call in flight: two
 * thousand calls at once were two thousand sockets. Calls beyond the limit wait for a connection, and their
 * deadline runs meanwhile. Over HTTP/2 one connection carries a hundred calls.
 */
const MAX_CONNECTIONS = 128;

/**
 * The dispatcher of a transport that was not given one: a pool of connections to one origin, HTTP/2 where the server
 * offers it.
 *
 * What undici 8 does unasked is right as it is. It closes a connection that was idle for 4 s, or 2 s before the
 * server said that it would (`Keep-Alive: timeout=5` is 3 s): servers that close after 5 s and do not say so are
 * common, and a request that crosses their close on the way is lost. Over HTTP/1.1 it sends one request at a time
 * on a connection.
 */
export function createPool(origin: string): Dispatcher {
  return new Pool(origin, { connections: MAX_CONNECTIONS });
}

import { type Dispatcher, Pool } from "undici";

/**
 * How many connections the pool opens at most. Left alone, undici opens one for each call in flight: two
 * thousand calls at once were two thousand sockets. Calls beyond the limit wait for a connection, and their
 * deadline runs meanwhile. Over HTTP/2 one connection carries a hundred calls.
 */
const MAX_CONNECTIONS = 128;

/** The dispatcher of a transport that was not given one: a pool of connections to one origin. */
export function createPool(origin: string): Dispatcher {
  return new Pool(origin, { connections: MAX_CONNECTIONS });
}

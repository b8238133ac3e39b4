import type { ServerResponse } from "node:http";
import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  type Http2Stream,
} from "node:http2";
import type { ReplyFailure } from "../gateway/reply.ts";

/** The state of a connection. */
interface Session {
  openStreams: number;
  newestStream: number;
  /** The newest stream that the server still serves after GOAWAY. */
  lastStream: number;
}

/**
 * A server that speaks HTTP/2 without TLS (h2c with prior knowledge), so that tests need no certificate.
 */
export class Http2Listener {
  readonly server: Http2Server;
  readonly #sessions = new Map<Http2Session, Session>();

  constructor(onRequest: (request: Http2ServerRequest, response: Http2ServerResponse) => void) {
    this.server = createServer((request, response) => {
      if (this.#accept(response)) onRequest(request, response);
      // Streams that the client opened before it saw the GOAWAY.
      else response.stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    this.server.on("session", (session) => {
      this.#sessions.set(session, { openStreams: 0, newestStream: 0, lastStream: Number.POSITIVE_INFINITY });
      session.on("close", () => this.#sessions.delete(session));
    });
    // A client may reset its connection at any time.
    this.server.on("sessionError", () => {});
  }

  /** Closes the sessions without an open stream, with a GOAWAY. */
  closeIdleConnections(): void {
    for (const [session, { openStreams }] of this.#sessions) {
      if (openStreams === 0) session.close();
    }
  }

  /** Ends the stream or the connection of a response, as a fault says. */
  disconnect({ stream }: Http2ServerResponse, how: ReplyFailure["how"]): void {
    // Not session.destroy(): it first resets the streams with NO_ERROR, which undici takes for their end (8.12).
    if (how === "close") stream.session?.socket.destroySoon();
    // Not stream.close(): it ends the response normally before it resets the stream.
    if (how === "reset") stream.destroy(new Error("reset"));
    if (how === "goaway") this.#sendGoaway(stream);
    if (how === "goaway" || how === "refused") stream.close(constants.NGHTTP2_REFUSED_STREAM);
  }

  /**
   * Sends a GOAWAY that marks a stream as unprocessed, if no newer stream may be in flight. Node cannot do this for the
   * first stream of a connection: it takes a last stream id of 0 for "the newest".
   */
  #sendGoaway({ session, id = 0 }: Http2Stream): void {
    const known = session && this.#sessions.get(session);
    if (session === undefined || known === undefined || known.lastStream < known.newestStream) return;
    known.lastStream = known.newestStream === id && id > 1 ? id - 2 : known.newestStream;
    session.goaway(constants.NGHTTP2_NO_ERROR, known.lastStream);
  }

  /** Registers a new stream, and returns whether the server serves it. */
  #accept({ stream }: Http2ServerResponse): boolean {
    const session = stream.session && this.#sessions.get(stream.session);
    if (session === undefined) return false;
    const id = stream.id ?? 0;
    session.openStreams++;
    session.newestStream = Math.max(session.newestStream, id);
    stream.on("close", () => session.openStreams--);
    return id <= session.lastStream;
  }
}

/**
 * Casts a response to Node's HTTP/1.1 type. Node's compatibility API makes the two interchangeable, apart from what is
 * unused here, such as the reason phrase.
 */
export function asHttp1(response: Http2ServerResponse): ServerResponse {
  return response as unknown as ServerResponse;
}

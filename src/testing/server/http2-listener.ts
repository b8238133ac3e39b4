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

/** What is known of a connection. */
interface Session {
  openStreams: number;
  newestStream: number;
  /** The newest stream that is still served, once the client was told to go away. */
  lastStream: number;
}

/**
 * A server that speaks HTTP/2 in the clear, to clients that know this beforehand (h2c), so that no
 * certificate is needed.
 */
export class Http2Listener {
  readonly server: Http2Server;
  readonly #sessions = new Map<Http2Session, Session>();

  constructor(onRequest: (request: Http2ServerRequest, response: Http2ServerResponse) => void) {
    this.server = createServer((request, response) => {
      if (this.#enter(response)) onRequest(request, response);
      // Frames that came along with the one that was answered by GOAWAY.
      else response.stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    this.server.on("session", (session) => {
      this.#sessions.set(session, { openStreams: 0, newestStream: 0, lastStream: Number.POSITIVE_INFINITY });
      session.on("close", () => this.#sessions.delete(session));
    });
    // A client may reset its connection whenever it likes.
    this.server.on("sessionError", () => {});
  }

  /** Tells the clients to go away where no request is under way. */
  closeIdleConnections(): void {
    for (const [session, { openStreams }] of this.#sessions) {
      if (openStreams === 0) session.close();
    }
  }

  /** Ends an answer as a fault wants it. */
  breakOff({ stream }: Http2ServerResponse, how: ReplyFailure["how"]): void {
    // Not the session's destroy(), which resets the streams with NO_ERROR first: undici takes that for their end (8.12).
    if (how === "close") stream.session?.socket.destroySoon();
    // Nor the stream's close(), which ends the answer in good order before it resets the stream.
    if (how === "reset") stream.destroy(new Error("reset"));
    if (how === "goaway") this.#sendAway(stream);
    if (how === "goaway" || how === "refused") stream.close(constants.NGHTTP2_REFUSED_STREAM);
  }

  /**
   * Calls a stream unprocessed, if there is none that is newer and may be under way. Of a connection's first
   * stream Node cannot say it: it takes 0 for "the newest".
   */
  #sendAway({ session, id = 0 }: Http2Stream): void {
    const known = session && this.#sessions.get(session);
    if (session === undefined || known === undefined || known.lastStream < known.newestStream) return;
    known.lastStream = known.newestStream === id && id > 1 ? id - 2 : known.newestStream;
    session.goaway(constants.NGHTTP2_NO_ERROR, known.lastStream);
  }

  /** Whether a new stream is served. */
  #enter({ stream }: Http2ServerResponse): boolean {
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
 * Node made its HTTP/2 answers to be used as those of HTTP/1.1 are. Their types differ in what nobody here
 * needs, such as the reason phrase.
 */
export function asHttp1(response: Http2ServerResponse): ServerResponse {
  return response as unknown as ServerResponse;
}

import { JSON_MEDIA_TYPE } from "../../codecs/media-type.ts";
import { Code } from "../../errors/code.ts";
import type { Reply } from "../gateway/reply.ts";
import type { ReplySettings } from "../gateway/reply-settings.ts";
import { StatusError } from "../gateway/status-error.ts";
import { statusReply } from "../gateway/status-reply.ts";
import type { Target } from "../gateway/target.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import type { AccessTokens } from "./access-tokens.ts";

/**
 * `POST …/auth/access_token`: `{"apiKey": "…"}` in, `{"token": "…", "expiresIn": "3600"}` out. There is no
 * .proto of it; ByteNite's public docs show it, in JSON.
 */
export class TokenExchange implements Target {
  readonly name = "AccessToken";
  readonly fullName = "AccessToken";
  readonly isBesideService = true;
  readonly path: string;
  readonly #tokens: AccessTokens;
  readonly #replies: ReplySettings;
  #count = 0;

  /** @param path where it stands, without escapes */
  constructor(tokens: AccessTokens, path: string, replies: ReplySettings) {
    this.#tokens = tokens;
    this.path = path;
    this.#replies = replies;
  }

  /** How many keys were exchanged. */
  get count(): number {
    return this.#count;
  }

  /** @throws StatusError for an HTTP method other than POST */
  at(verb: string): this {
    if (verb !== "POST") throw new StatusError(Code.Unimplemented, "Method Not Allowed");
    return this;
  }

  async execute(request: ReceivedRequest): Promise<Reply> {
    try {
      if (!this.#tokens.isKey(readApiKey(request.body))) {
        throw new StatusError(Code.Unauthenticated, "the API key is not valid");
      }
    } catch (error) {
      if (error instanceof StatusError) return statusReply(error, "json", this.#replies);
      throw error;
    }
    this.#count++;
    return jsonReply({ token: this.#tokens.issue(), expiresIn: String(this.#tokens.lifetimeSeconds) });
  }

  emptyReply(): Reply {
    return jsonReply({ token: "", expiresIn: "0" });
  }
}

/** Leaves a byte order mark out, as the reading of calls does. */
const utf8 = new TextDecoder();

function readApiKey(body: Uint8Array | undefined): unknown {
  try {
    const { apiKey } = JSON.parse(utf8.decode(body)) as Record<string, unknown>;
    return apiKey;
  } catch (cause) {
    throw new StatusError(Code.InvalidArgument, "the body is not a JSON object", { cause });
  }
}

function jsonReply(json: unknown): Reply {
  const body = new Uint8Array(Buffer.from(JSON.stringify(json)));
  return { status: 200, headers: { "content-type": JSON_MEDIA_TYPE }, body };
}

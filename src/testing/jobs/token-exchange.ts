import { JSON_MEDIA_TYPE } from "../../codecs/media-type.ts";
import { lenientUtf8 } from "../../codecs/utf8.ts";
import { Code } from "../../errors/code.ts";
import type { ReplySettings } from "../gateway/encode-reply.ts";
import type { Target } from "../gateway/recorded-service.ts";
import type { Reply } from "../gateway/reply.ts";
import { StatusError } from "../gateway/status-error.ts";
import { statusReply } from "../gateway/status-reply.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import type { AccessTokens } from "./access-tokens.ts";

/**
 * Exchanges an API key for a token: `POST …/auth/access_token` with `{"apiKey": "…"}` returns
 * `{"token": "…", "expiresIn": "3600"}`. It has no .proto; ByteNite's public docs describe it in JSON.
 */
export class TokenExchange implements Target {
  readonly name = "AccessToken";
  readonly fullName = "AccessToken";
  readonly isBesideService = true;
  readonly path: string;
  readonly #tokens: AccessTokens;
  readonly #replySettings: ReplySettings;
  #count = 0;

  /** @param path without escapes */
  constructor(tokens: AccessTokens, path: string, replySettings: ReplySettings) {
    this.#tokens = tokens;
    this.path = path;
    this.#replySettings = replySettings;
  }

  /** How many exchanges succeeded. */
  get count(): number {
    return this.#count;
  }

  /** @throws StatusError for an HTTP method other than POST */
  forVerb(verb: string): this {
    if (verb !== "POST") throw new StatusError(Code.Unimplemented, "Method Not Allowed");
    return this;
  }

  async execute(request: ReceivedRequest): Promise<Reply> {
    try {
      if (!this.#tokens.isApiKey(readApiKey(request.body))) {
        throw new StatusError(Code.Unauthenticated, "the API key is not valid");
      }
    } catch (error) {
      if (error instanceof StatusError) return statusReply(error, "json", this.#replySettings);
      throw error;
    }
    this.#count++;
    return jsonReply({ token: this.#tokens.issue(), expiresIn: String(this.#tokens.lifetimeSeconds) });
  }

  emptyReply(): Reply {
    return jsonReply({ token: "", expiresIn: "0" });
  }
}

function readApiKey(body: Uint8Array | undefined): unknown {
  try {
    const { apiKey } = JSON.parse(lenientUtf8.decode(body)) as Record<string, unknown>;
    return apiKey;
  } catch (cause) {
    throw new StatusError(Code.InvalidArgument, "the body is not a JSON object", { cause });
  }
}

function jsonReply(json: unknown): Reply {
  const body = new Uint8Array(Buffer.from(JSON.stringify(json)));
  return { status: 200, headers: { "content-type": JSON_MEDIA_TYPE }, body };
}

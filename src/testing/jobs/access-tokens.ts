import { randomUUID } from "node:crypto";
import { Code } from "../../errors/code.ts";
import type { HandlerContext } from "../gateway/service-implementation.ts";
import { StatusError } from "../gateway/status-error.ts";

/** The options of {@link AccessTokens}. */
export interface AccessTokensOptions {
  /** A token that is always valid. */
  readonly accessToken: string;
  /** The API key that a client exchanges for tokens. */
  readonly apiKey: string;
  /** The lifetime of an issued token, in seconds. */
  readonly lifetimeSeconds: number;
  /** The clock, in milliseconds. */
  readonly now: () => number;
}

/** The access tokens of the embedded server. */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  /** When each token expires, in milliseconds of the clock. */
  readonly #issued = new Map<string, number>();

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  get lifetimeSeconds(): number {
    return this.#options.lifetimeSeconds;
  }

  isApiKey(apiKey: unknown): boolean {
    return apiKey === this.#options.apiKey;
  }

  issue(): string {
    const token = `token-${randomUUID()}`;
    this.#issued.set(token, this.#options.now() + this.#options.lifetimeSeconds * 1_000);
    return token;
  }

  /** @throws StatusError unless the `Authorization` header is a valid token, without `Bearer` */
  authenticate({ headers: { authorization } }: HandlerContext): void {
    if (authorization === undefined) throw new StatusError(Code.Unauthenticated, "no access token was given");
    if (typeof authorization !== "string" || !this.#isValid(authorization)) {
      throw new StatusError(Code.Unauthenticated, "the access token is not valid");
    }
  }

  /** Revokes all issued tokens. The fixed one stays valid. */
  revoke(): void {
    this.#issued.clear();
  }

  #isValid(token: string): boolean {
    if (token === this.#options.accessToken) return true;
    return (this.#issued.get(token) ?? Number.NEGATIVE_INFINITY) > this.#options.now();
  }
}

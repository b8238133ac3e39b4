import { randomUUID } from "node:crypto";

/** What an {@link AccessTokens} is made from. */
export interface AccessTokensOptions {
  /** A token that is always good. */
  readonly accessToken: string;
  /** The key that is exchanged for tokens. */
  readonly apiKey: string;
  /** How long a token from an exchange is good, in seconds. */
  readonly lifetimeSeconds: number;
  /** The time in milliseconds. */
  readonly now: () => number;
}

/** The tokens that open the embedded server. */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  /** When each token ends, in the milliseconds of the clock. */
  readonly #issued = new Map<string, number>();

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  get lifetimeSeconds(): number {
    return this.#options.lifetimeSeconds;
  }

  isKey(apiKey: unknown): boolean {
    return apiKey === this.#options.apiKey;
  }

  issue(): string {
    const token = `token-${randomUUID()}`;
    this.#issued.set(token, this.#options.now() + this.#options.lifetimeSeconds * 1_000);
    return token;
  }

  isGood(token: string): boolean {
    if (token === this.#options.accessToken) return true;
    return (this.#issued.get(token) ?? Number.NEGATIVE_INFINITY) > this.#options.now();
  }

  /** Ends every issued token. The fixed one stays good. */
  revoke(): void {
    this.#issued.clear();
  }
}

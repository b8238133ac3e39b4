import {
  countOf,
  type GatewayOptions,
  type GatewaySettings,
  gatewaySettings,
} from "../gateway/gateway-options.ts";

/** The options of an embedded server. */
export interface ServerOptions extends GatewayOptions {
  /** @default 0: the system chooses a free port */
  readonly port?: number | undefined;
  /** A loopback address. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /**
   * Whether the server speaks HTTP/2 instead of HTTP/1.1, without TLS and without an upgrade (h2c). A client needs undici's
   * `new H2CClient(origin)` as its `dispatcher`.
   *
   * @default false
   */
  readonly http2?: boolean | undefined;
}

/** Validated {@link ServerOptions} with all defaults. */
export interface ServerSettings extends GatewaySettings {
  readonly port: number;
  readonly host: string;
  readonly http2: boolean;
}

const own: Readonly<Record<Exclude<keyof ServerOptions, keyof GatewayOptions>, true>> = {
  port: true,
  host: true,
  http2: true,
};

/**
 * @param alsoKnown the names of options that other code reads
 * @throws RangeError that names the option
 */
export function serverSettings(options: ServerOptions, alsoKnown: readonly string[] = []): ServerSettings {
  const { port = 0, host = "127.0.0.1", http2 = false } = options;
  if (!isLoopback(host)) throw new RangeError(`host must be a loopback address, not ${JSON.stringify(host)}`);
  if (typeof http2 !== "boolean") throw new RangeError("http2 must be true or false");
  const settings = gatewaySettings(options, [...Object.keys(own), ...alsoKnown]);
  return { ...settings, port: countOf("port", port), host, http2 };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

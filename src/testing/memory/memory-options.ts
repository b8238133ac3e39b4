import { type GatewayOptions, type GatewaySettings, gatewaySettings } from "../gateway/gateway-options.ts";

/** The options of a memory server. */
export interface MemoryServerOptions extends GatewayOptions {
  /**
   * The origin of the server: scheme, host and port. Requests to another origin fail. Use the origin of the real service for
   * code whose base URL cannot be changed.
   *
   * @default "https://memory.invalid"
   */
  readonly origin?: string | undefined;
}

/** Validated {@link MemoryServerOptions} with all defaults. */
export interface MemoryServerSettings extends GatewaySettings {
  readonly origin: string;
}

/**
 * `https:`, because a client sends no credential over `http:` to another host. `.invalid`, because no such host can exist
 * (RFC 6761, section 6.4), so a client without the dispatcher cannot connect.
 */
const ORIGIN = "https://memory.invalid";

/**
 * @param alsoKnown the names of options that other code reads
 * @throws RangeError that names the option
 */
export function memorySettings(
  options: MemoryServerOptions,
  alsoKnown: readonly string[] = [],
): MemoryServerSettings {
  const settings = gatewaySettings(options, ["origin", ...alsoKnown]);
  return { ...settings, origin: validOrigin(options.origin ?? ORIGIN) };
}

function validOrigin(origin: string): string {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  const isOrigin = url !== undefined && url.href === `${url.origin}/`;
  if (isOrigin && /^https?:$/.test(url.protocol)) return url.origin;
  throw new RangeError('origin must be a scheme and a host, such as "https://memory.invalid"');
}

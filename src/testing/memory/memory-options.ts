import { type GatewayOptions, type GatewaySettings, gatewaySettings } from "../gateway/gateway-options.ts";

/** How a memory server is set up. */
export interface MemoryServerOptions extends GatewayOptions {
  /**
   * Where the server says it is: scheme, host and port. Requests to anywhere else are refused. That of the real
   * service serves code that cannot be given another one.
   *
   * @default "https://memory.invalid"
   */
  readonly origin?: string | undefined;
}

/** {@link MemoryServerOptions}, checked and with every default filled in. */
export interface MemoryServerSettings extends GatewaySettings {
  readonly origin: string;
}

/**
 * `https:`, because a client sends no credential over `http:` to a host that is not this machine. `.invalid`, because
 * no such host can ever be (RFC 6761, section 6.4): a client that was not given the dispatcher reaches nobody.
 */
const ORIGIN = "https://memory.invalid";

/**
 * @param alsoKnown the names of options that are somebody else's to read
 * @throws RangeError that names the option
 */
export function memorySettings(
  options: MemoryServerOptions,
  alsoKnown: readonly string[] = [],
): MemoryServerSettings {
  const settings = gatewaySettings(options, ["origin", ...alsoKnown]);
  return { ...settings, origin: checkedOrigin(options.origin ?? ORIGIN) };
}

function checkedOrigin(origin: string): string {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  const isPlain = url !== undefined && url.href === `${url.origin}/`;
  if (isPlain && /^https?:$/.test(url.protocol)) return url.origin;
  throw new RangeError('origin must be a scheme and a host, such as "https://memory.invalid"');
}

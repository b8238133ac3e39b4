import type { TransportSettings } from "../client/rest-transport-options.ts";
import { transportSettings } from "../client/rest-transport-options.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { BYTENITE_BASE_URL, type JobsTransportOptions } from "../jobs/jobs-client.ts";
import type { AccessTokenOption, ApiKeyOptions, CredentialOptions } from "../jobs/jobs-credential.ts";

/** The options of a probe: those of a JobsClient, without the ones that do not apply. */
export type ProbeOptions = ProbeTransportOptions & (AccessTokenOption | ApiKeyOptions);

/** The options that a probe does not have: it sends each request once, in each encoding, and reads errors itself. */
type UnsupportedOption =
  | "encoding"
  | "jsonFallback"
  | "jsonInt64"
  | "retry"
  | "interceptors"
  | "registry"
  | "httpRules"
  | "readError"
  | "compressRequests";

/** How a probe reaches the deployment. */
export interface ProbeTransportOptions extends Omit<JobsTransportOptions, UnsupportedOption> {
  /**
   * The deadline of the whole probe, in milliseconds; `0` is none.
   *
   * @default 60_000
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the probe. */
  readonly signal?: AbortSignal | undefined;
}

/** The validated options of a probe. */
export interface ProbeSettings {
  readonly transport: TransportSettings;
  readonly signal: AbortSignal | undefined;
  /** Not validated yet. */
  readonly credential: CredentialOptions;
}

/** A probe sends about forty requests in sequence. */
const DEFAULT_TIMEOUT_MS = 60_000;

const unsupported: Readonly<Record<UnsupportedOption, true>> = {
  encoding: true,
  jsonFallback: true,
  jsonInt64: true,
  retry: true,
  interceptors: true,
  registry: true,
  httpRules: true,
  readError: true,
  compressRequests: true,
};

/** @throws RpcError `InvalidArgument` that names an invalid option */
export function probeSettings(options: ProbeOptions): ProbeSettings {
  if (typeof options !== "object" || options === null) throw invalidArgument("options must be an object");
  const { accessToken, apiKey, tokenUrl, signal, baseUrl = BYTENITE_BASE_URL, ...rest } = options;
  for (const name of Object.keys(rest)) {
    if (Object.hasOwn(unsupported, name)) throw invalidArgument(`a probe has no option ${name}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidArgument("signal must be an AbortSignal");
  }
  return {
    transport: transportSettings({ ...rest, timeoutMs: rest.timeoutMs ?? DEFAULT_TIMEOUT_MS, baseUrl }),
    signal,
    credential: { accessToken, apiKey, tokenUrl },
  };
}

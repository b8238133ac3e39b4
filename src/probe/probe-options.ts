import type { TransportSettings } from "../client/rest-transport-options.ts";
import { transportSettings } from "../client/rest-transport-options.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { BYTENITE_BASE_URL, type JobsTransportOptions } from "../jobs/jobs-client.ts";
import type { AccessTokenOption, ApiKeyOptions, CredentialOptions } from "../jobs/jobs-credential.ts";

/** What a probe is made from: the options of a JobsClient, without those that it has no use for. */
export type ProbeOptions = ProbeTransportOptions & (AccessTokenOption | ApiKeyOptions);

/** What a probe does not take: it asks in every encoding, once each, and reads errors by itself. */
type NotForProbes = "encoding" | "jsonFallback" | "jsonInt64" | "retry" | "interceptors" | "registry";

/** How a probe reaches the deployment. */
export interface ProbeTransportOptions extends Omit<JobsTransportOptions, NotForProbes> {
  /**
   * The deadline of the whole probe, in milliseconds; `0` is none.
   *
   * @default 60_000
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the probe. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of a probe, checked. */
export interface ProbeSettings {
  readonly transport: TransportSettings;
  readonly signal: AbortSignal | undefined;
  /** To be checked by whoever makes a credential of it. */
  readonly credential: CredentialOptions;
}

/** A probe is some forty requests, one after the other. */
const DEFAULT_TIMEOUT_MS = 60_000;

const notForProbes: Readonly<Record<NotForProbes, true>> = {
  encoding: true,
  jsonFallback: true,
  jsonInt64: true,
  retry: true,
  interceptors: true,
  registry: true,
};

/** @throws RpcError `InvalidArgument` that names the option, if one cannot be used */
export function probeSettings(options: ProbeOptions): ProbeSettings {
  if (typeof options !== "object" || options === null) throw invalidArgument("options must be an object");
  const { accessToken, apiKey, tokenUrl, signal, baseUrl = BYTENITE_BASE_URL, ...rest } = options;
  for (const name of Object.keys(rest)) {
    if (Object.hasOwn(notForProbes, name)) throw invalidArgument(`a probe has no option ${name}`);
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

import { insecureCredential } from "../client/call-headers.ts";
import type { Connections } from "../client/connections.ts";
import type { DynamicHeader } from "../client/dynamic-headers.ts";
import { transportHeaders } from "../client/transport-headers.ts";
import { jobsCredential } from "../jobs/jobs-credential.ts";
import type { ProbeSettings } from "./probe-options.ts";

/** The headers of a probe's requests that may hold secrets. */
export interface ProbeHeaders {
  /** The access token. */
  readonly token: DynamicHeader;
  /** The caller's own headers that are functions. */
  readonly asked: readonly DynamicHeader[];
  /** The caller's own headers that are always the same, names and values in turn. */
  readonly fixed: readonly string[];
  /** What is known to be a secret before anything is asked for. */
  readonly secrets: readonly string[];
  /** Ends an exchange of an API key that is under way. */
  stop(): void;
}

/** @throws RpcError `InvalidArgument` that names the option, if one cannot be used */
export function probeHeaders(settings: ProbeSettings, connections: Connections): ProbeHeaders {
  const { transport } = settings;
  const credential = jobsCredential(settings.credential, transport, connections);
  const { header } = credential;
  if (transport.forbidsCredentials) throw insecureCredential(header.option);
  const { asked, fixed, secrets } = transportHeaders(transport, undefined);
  return {
    token: header,
    stop: () => credential.stop(),
    asked,
    fixed,
    secrets: [...secrets, ...(header.secrets ?? [])],
  };
}

import type { Connections } from "../client/connections.ts";
import type { DynamicValue } from "../client/dynamic-values.ts";
import { insecureCredential } from "../client/request-headers.ts";
import { type RequestQuery, transportQuery } from "../client/request-query.ts";
import { transportHeaders } from "../client/transport-headers.ts";
import { jobsCredential } from "../jobs/jobs-credential.ts";
import type { ProbeSettings } from "./probe-options.ts";

/** The headers and query parameters of a probe's requests. */
export interface ProbeHeaders {
  /** The access token. */
  readonly token: DynamicValue;
  /** The user's headers and query parameters whose values are functions. */
  readonly dynamic: readonly DynamicValue[];
  /** The user's query parameters with fixed values. */
  readonly query: RequestQuery;
  /** The user's headers with fixed values, names and values in turn. */
  readonly fixed: readonly string[];
  /** The secrets that are known before the first request. */
  readonly secrets: readonly string[];
  /** Cancels an exchange of an API key in flight. */
  stop(): void;
}

/** @throws RpcError `InvalidArgument` that names an invalid option */
export function probeHeaders(settings: ProbeSettings, connections: Connections): ProbeHeaders {
  const { transport } = settings;
  const credential = jobsCredential(settings.credential, transport, connections);
  const { header } = credential;
  if (transport.forbidsCredentials) throw insecureCredential(header.option);
  const { dynamic, fixed, secrets } = transportHeaders(transport, undefined);
  const query = transportQuery(transport);
  return {
    token: header,
    stop: () => credential.stop(),
    dynamic: [...dynamic, ...query.dynamic],
    query: query.fixed,
    fixed,
    secrets: [...secrets, ...query.fixed.secrets, ...(header.secrets ?? [])],
  };
}

import { randomUUID } from "node:crypto";
import { Connections } from "../client/connections.ts";
import { CallScope } from "../policies/call-scope.ts";
import {
  checkBinaryRequests,
  checkBinaryResponses,
  checkCarefulMode,
  compareErrors,
} from "./check-binary.ts";
import { checkConfig } from "./check-config.ts";
import { checkDeadlines } from "./check-deadlines.ts";
import { checkRunFields } from "./check-fields.ts";
import { checkReachable } from "./check-reachable.ts";
import { compareResponses } from "./compare-responses.ts";
import { completeFindings, finding } from "./finding.ts";
import { probeHeaders } from "./probe-headers.ts";
import { type ProbeOptions, probeSettings } from "./probe-options.ts";
import type { Finding, ProbeReport } from "./probe-report.ts";
import { Accepted, Prober } from "./prober.ts";
import { summaryOf } from "./summary.ts";

/**
 * Checks what a live deployment understands, with requests that cannot run anything. All are about a job that does not exist,
 * and most have a body that no server can read. If the server accepts one nevertheless, the probe stops.
 *
 * Checks have control requests whose responses have to differ. A server that responds the same to everything proves nothing.
 *
 * @throws RpcError if the server cannot be reached, there is no token, or the deadline passes
 */
export async function probe(options: ProbeOptions): Promise<ProbeReport> {
  const settings = probeSettings(options);
  const connections = new Connections(settings.transport);
  const headers = probeHeaders(settings, connections);
  const scope = new CallScope(settings.transport.timeoutMs, settings.signal);
  const prober = new Prober(`bytenite-jobs-probe-${randomUUID()}`, {
    settings: settings.transport,
    headers,
    connections,
    scope,
  });
  const findings: Finding[] = [];
  let configField: number | undefined;
  let stopped: string | undefined;
  try {
    configField = await runChecks(prober, findings);
  } catch (error) {
    if (!(error instanceof Accepted)) throw error;
    const end = describeAccepted(error, findings.length === 0);
    stopped = end.stopped;
    findings.unshift(...end.findings);
  } finally {
    scope.close();
    headers.stop();
    await connections.close();
  }
  const { origin, pathPrefix } = settings.transport.baseUrl;
  return {
    baseUrl: origin + pathPrefix,
    jobId: prober.jobId,
    requests: prober.requests,
    findings: completeFindings(findings),
    configField,
    stopped,
    summary: summaryOf(completeFindings(findings), configField, stopped),
  };
}

/**
 * Describes a 2xx for a request that the server should reject.
 *
 * @param isFirst whether it was the first request, which no server can read
 */
function describeAccepted(
  { exchange, isCertain }: Accepted,
  isFirst: boolean,
): { readonly stopped: string; readonly findings: readonly Finding[] } {
  if (isCertain) {
    const meaning = "It may execute anything, so the probe stopped. Do not run jobs on this server.";
    return {
      stopped: "the server accepted a call for a job that does not exist",
      findings: [finding("unknown-job", "refuted", [exchange], meaning)],
    };
  }
  const { where, response } = exchange;
  const what = response.isPage
    ? "a page"
    : response.isEmpty
      ? "an empty body"
      : "something that is not a message of this API";
  const stopped = `${where} responds with ${what}, ${response.summary}`;
  const meaning =
    "It neither accepts nor rejects the request, and may have executed anything, so the probe stopped.";
  const job = finding("unknown-job", "not shown", [exchange], meaning);
  if (!isFirst || !response.isPage) return { stopped, findings: [job] };
  const notReachable = `${stopped}. That is not this API: check the base URL.`;
  return { stopped, findings: [finding("reachable", "refuted", [exchange], notReachable), job] };
}

/** @param findings gets each finding at once, so that the report has them if the probe stops */
async function runChecks(prober: Prober, findings: Finding[]): Promise<number | undefined> {
  const baseline = await checkReachable(prober);
  findings.push(...baseline.findings);
  if (!baseline.isReachable) return undefined;
  const { run } = baseline;
  const responses = await checkBinaryResponses(prober);
  const requests = await checkBinaryRequests(prober, run);
  findings.push(responses.finding, requests);
  findings.push(await checkCarefulMode(prober, run), compareErrors(baseline.abort, responses.exchange));
  let config: number | undefined;
  if (requests.verdict === "proven") {
    const fields = await checkRunFields(prober, run);
    findings.push(...fields.findings);
    config = fields.config;
  } else {
    const why = "The server was not shown to read binary requests, so their fields cannot be checked.";
    findings.push(
      finding("job-id-field", "not shown", [], why),
      finding("config-field", "not shown", [], why),
    );
  }
  if (config !== undefined) {
    findings.push(await checkConfig(prober, config, run));
  } else {
    findings.push(finding("config-values", "not shown", [], "The field number of config is not known."));
  }
  findings.push(compareResponses(baseline.abort, responses.exchange));
  findings.push(...(await checkDeadlines(prober, baseline.abort)));
  return config;
}

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
import { complete, finding } from "./finding.ts";
import { probeHeaders } from "./probe-credential.ts";
import { type ProbeOptions, probeSettings } from "./probe-options.ts";
import type { Finding, ProbeReport } from "./probe-report.ts";
import { Prober, Stopped } from "./prober.ts";
import { summaryOf } from "./summary.ts";

/**
 * Finds out what a live deployment understands, with requests that cannot run anything: they are about a job
 * that does not exist, most have bodies that nobody can read, and at the first one that is accepted all the
 * same the probe stops.
 *
 * What is `"proven"` has no other explanation: each question comes with a request that must be answered
 * otherwise.
 *
 * @throws RpcError if the server cannot be reached, no token can be had, or the time is over
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
    configField = await checkEverything(prober, findings);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    const end = whatStopped(error, findings.length === 0);
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
    findings: complete(findings),
    configField,
    stopped,
    summary: summaryOf(complete(findings), configField, stopped),
  };
}

/**
 * What is said of a server that answered 2xx to a call that it should refuse.
 *
 * @param isFirst whether it was the first request, which nobody can read
 */
function whatStopped(
  { exchange, isAccepted }: Stopped,
  isFirst: boolean,
): { readonly stopped: string; readonly findings: readonly Finding[] } {
  if (isAccepted) {
    const meaning = "It may carry out anything, so the probe stopped. It is no server to run jobs on.";
    return {
      stopped: "the server accepted a call for a job that does not exist",
      findings: [finding("unknown-job", "refuted", [exchange], meaning)],
    };
  }
  const { where, answer } = exchange;
  const what = answer.isPage ? "a page" : answer.isEmpty ? "nothing" : "something that is not the API's word";
  const stopped = `${where} was answered with ${what}, ${answer.words}`;
  const meaning =
    "That says neither yes nor no, and anything may have been carried out, so the probe stopped.";
  const job = finding("unknown-job", "not shown", [exchange], meaning);
  if (!isFirst || !answer.isPage) return { stopped, findings: [job] };
  const notThere = `${stopped}. That is not this API: look at the base URL.`;
  return { stopped, findings: [finding("reachable", "refuted", [exchange], notThere), job] };
}

/** @param findings is filled as answers come, so that what was found is there if the probe has to stop */
async function checkEverything(prober: Prober, findings: Finding[]): Promise<number | undefined> {
  const baseline = await checkReachable(prober);
  findings.push(...baseline.findings);
  if (!baseline.isThere) return undefined;
  const { run } = baseline;
  const answers = await checkBinaryResponses(prober);
  const requests = await checkBinaryRequests(prober, run);
  findings.push(answers.finding, requests);
  findings.push(await checkCarefulMode(prober, run), compareErrors(baseline.abort, answers.exchange));
  let config: number | undefined;
  if (requests.verdict === "proven") {
    const fields = await checkRunFields(prober, run);
    findings.push(...fields.findings);
    config = fields.config;
  } else {
    const why = "It was not shown that binary requests are read, so nothing can be seen of their fields.";
    findings.push(
      finding("job-id-field", "not shown", [], why),
      finding("config-field", "not shown", [], why),
    );
  }
  if (config !== undefined) {
    findings.push(await checkConfig(prober, config, run));
  } else {
    findings.push(finding("config-values", "not shown", [], "Which field config is was not shown."));
  }
  findings.push(compareResponses(baseline.abort, answers.exchange));
  findings.push(...(await checkDeadlines(prober, baseline.abort)));
  return config;
}

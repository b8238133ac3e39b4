import type { Finding, FindingId, Verdict } from "./probe-report.ts";

/** Summarizes a report in a sentence or two: what matters most for the choice of an encoding. */
export function summaryOf(
  findings: readonly Finding[],
  configField: number | undefined,
  stopped: string | undefined,
): string {
  const verdictOf = (id: FindingId): Verdict | undefined => findings.find((each) => each.id === id)?.verdict;
  if (verdictOf("unknown-job") === "refuted") {
    return "Stopped: the server accepts calls for a job that does not exist.";
  }
  if (stopped !== undefined) return `Stopped: ${stopped}.`;
  const count = (verdict: Verdict) => findings.filter((each) => each.verdict === verdict).length;
  const counts = `${count("proven")} proven, ${count("refuted")} refuted, ${count("not shown")} not shown.`;
  return `${mainResult(verdictOf, configField)} ${counts}`;
}

function mainResult(
  verdictOf: (id: FindingId) => Verdict | undefined,
  configField: number | undefined,
): string {
  if (verdictOf("token") === "refuted") return "The access token is not accepted.";
  if (verdictOf("reachable") === "refuted") return "This API is not at this base URL.";
  if (verdictOf("reachable") === "not shown") return "This API was not shown to be at this base URL.";
  if (verdictOf("binary-requests") === "refuted") return "It accepts requests in JSON only.";
  if (verdictOf("binary-requests") !== "proven") return "It was not shown to read binary requests.";
  switch (verdictOf("config-field")) {
    case "proven":
      return "It reads binary requests, and config is field 2, as this library sends it.";
    case "refuted":
      return configField === undefined
        ? "It reads binary requests, but config is not field 2: send requests in JSON."
        : `It reads binary requests, but config is field ${configField} and not 2: send requests in JSON.`;
    default:
      return "It reads binary requests, but the field number of config is not known: send requests in JSON.";
  }
}

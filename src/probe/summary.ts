import type { Finding, FindingId, Verdict } from "./probe-report.ts";

/** The whole in a sentence or two: what matters most to whoever has to choose an encoding. */
export function summaryOf(
  findings: readonly Finding[],
  configField: number | undefined,
  stopped: string | undefined,
): string {
  const verdictOf = (id: FindingId): Verdict | undefined => findings.find((each) => each.id === id)?.verdict;
  if (verdictOf("unknown-job") === "refuted") {
    return "Stopped: the server accepts calls for a job that does not exist, so it was asked nothing more.";
  }
  if (stopped !== undefined) return `Stopped: ${stopped}; it was asked nothing more.`;
  const count = (verdict: Verdict) => findings.filter((each) => each.verdict === verdict).length;
  const counts = `${count("proven")} proven, ${count("refuted")} refuted, ${count("not shown")} not shown.`;
  return `${essence(verdictOf, configField)} ${counts}`;
}

function essence(verdictOf: (id: FindingId) => Verdict | undefined, configField: number | undefined): string {
  if (verdictOf("token") === "refuted") return "The access token is not accepted.";
  if (verdictOf("reachable") === "refuted") return "This API is not at this base URL.";
  if (verdictOf("reachable") === "not shown") return "It was not shown that this API is at this base URL.";
  if (verdictOf("binary-requests") === "refuted") return "It speaks JSON only, as far as requests go.";
  if (verdictOf("binary-requests") !== "proven") return "Whether it reads binary requests was not shown.";
  switch (verdictOf("config-field")) {
    case "proven":
      return "It reads binary requests, and config is field 2, as this library sends it.";
    case "refuted":
      return configField === undefined
        ? "It reads binary requests, but config is not field 2: send requests in JSON."
        : `It reads binary requests, but config is field ${configField} and not 2: send requests in JSON.`;
    default:
      return "It reads binary requests, but which field config is was not shown: send requests in JSON.";
  }
}

import { randomUUID } from "node:crypto";
import { JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import { finding } from "./finding.ts";
import { BROKEN_JSON } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import {
  isComparable,
  isNotRead,
  isSameResponse,
  isUnreadable,
  type ProbeResponse,
} from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";

/** What later checks compare with. If the API is not reachable, there is nothing to compare. */
export type Baseline =
  | { readonly isReachable: false; readonly findings: readonly Finding[] }
  | {
      readonly isReachable: true;
      /** The response to a readable run request for the job that does not exist. */
      readonly run: ProbeResponse;
      /** The exchange for an abort of that job, in JSON. */
      readonly abort: Exchange;
      readonly findings: readonly Finding[];
    };

/**
 * Checks whether the API is reachable, and the token valid. No server can read the first request. The second one is
 * readable, for a job that does not exist.
 */
export async function checkReachable(prober: Prober): Promise<Baseline> {
  const broken = await prober.runInJson(BROKEN_JSON);
  if (!broken.response.isApiMessage) return { isReachable: false, findings: [notApiMessage(broken)] };
  let readable = await prober.runInJson("{}");
  if (isUnreadable(readable.response)) {
    // The server may only accept another form of id.
    prober.jobId = randomUUID();
    readable = await prober.runInJson("{}");
  }
  const exchanges = [broken, readable];
  const isRead = isUnreadable(broken.response) && isComparable(readable.response);
  if (isRead) exchanges.push(await prober.runBrokenElsewhere());
  const isReachable = exchanges[2] !== undefined && isNotRead(exchanges[2].response);
  const reachable = isReachable
    ? finding(
        "reachable",
        "proven",
        exchanges,
        "It rejects a malformed body, reads a JSON body, and does neither at another path.",
      )
    : finding(
        "reachable",
        "not shown",
        exchanges,
        isRead
          ? "It rejects a malformed body at any path: something reads bodies before it looks at the path."
          : whyNotReachable(broken.response, readable.response),
      );
  const abort = await prober.abort(JSON_MEDIA_TYPE);
  const findings = [
    reachable,
    checkUnknownJob(exchanges, isReachable),
    await checkTokenRequired(prober, abort, isReachable),
  ];
  return isReachable ? { isReachable, run: readable.response, abort, findings } : { isReachable, findings };
}

/** Checks that the error is about the job: a caller without permission, and a wrong path, are rejected too. */
function checkUnknownJob(exchanges: readonly Exchange[], isReachable: boolean): Finding {
  const { code } = (exchanges[1] as Exchange).response;
  const conclude = (verdict: Finding["verdict"], meaning: string) =>
    finding("unknown-job", verdict, exchanges, meaning);
  if (!isReachable) {
    return conclude("not shown", "Something else may reject it: the API was not shown to be reachable.");
  }
  if (code === Code.NotFound) return conclude("proven", "No request of the probe can be executed.");
  const isAboutCaller = code === Code.Unauthenticated || code === Code.PermissionDenied;
  const why = isAboutCaller
    ? "because of the caller, not of the job."
    : "but not as a job that does not exist.";
  return conclude("not shown", `It is rejected, ${why}`);
}

function notApiMessage(exchange: Exchange): Finding {
  const { where, response } = exchange;
  const { status = 0, isPage, summary } = response;
  const isRedirect = status >= 300 && status < 400;
  const isElsewhere = isRedirect || status === 404 || status === 405 || status === 410;
  const what = isPage ? "a page" : isRedirect ? "a redirect" : "something else";
  const meaning = isElsewhere
    ? `${where} responds with ${what}, ${summary}. That is not this API: check the base URL.`
    : `${where} responds with ${what}, ${summary}. That is not a message of this API; an intermediary may have sent it.`;
  return finding("reachable", isElsewhere ? "refuted" : "not shown", [exchange], meaning);
}

function whyNotReachable(broken: ProbeResponse, readable: ProbeResponse): string {
  if (isUnreadable(broken) && isUnreadable(readable)) return "It rejects every request in the same way.";
  if (isSameResponse(broken, readable) && broken.status === 404) {
    return "It responds the same to a malformed body: the base URL may be wrong, or it does not read the body for a job that does not exist.";
  }
  if (isSameResponse(broken, readable)) {
    return "It responds the same to a malformed body: something else rejects requests before the body is read.";
  }
  return "The responses are inconclusive.";
}

/** Checks that the server rejects a missing and a wrong token: otherwise any token would seem to be valid. */
async function checkTokenRequired(
  prober: Prober,
  withToken: Exchange,
  isReachable: boolean,
): Promise<Finding> {
  const { status } = withToken.response;
  if (status === 401) {
    return finding("token", "refuted", [withToken], "The server does not accept this access token.");
  }
  if (!isReachable)
    return finding("token", "not shown", [withToken], "The API was not shown to be reachable.");
  const without = await prober.abort(JSON_MEDIA_TYPE, { token: "none" });
  const wrong = await prober.abort(JSON_MEDIA_TYPE, { token: "wrong" });
  const exchanges = [withToken, without, wrong];
  const conclude = (verdict: Finding["verdict"], meaning: string) =>
    finding("token", verdict, exchanges, meaning);
  if (status === 403) return conclude("not shown", "This token has no permission for it, or is not known.");
  if (!isComparable(withToken.response)) return conclude("not shown", "The responses are inconclusive.");
  if (!isRejected(without)) return conclude("not shown", "The responses do not depend on the token.");
  if (!isRejected(wrong)) return conclude("not shown", "It accepts any token, also a wrong one.");
  return conclude("proven", "It accepts the token, and rejects requests without one or with a wrong one.");
}

function isRejected({ response: { status } }: Exchange): boolean {
  return status === 401 || status === 403;
}

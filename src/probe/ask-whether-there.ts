import { randomUUID } from "node:crypto";
import { JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import { type Answer, isComparable, isSame, isUnreadable } from "./answer.ts";
import type { Asker, Exchange } from "./asker.ts";
import { finding } from "./finding.ts";
import { BROKEN_JSON } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import { abort, runInJson } from "./questions.ts";

/** What later questions are compared with. */
export type Baseline =
  | { readonly isThere: false; readonly findings: readonly Finding[] }
  | {
      readonly isThere: true;
      /** Whether it was shown that bodies are read. Without that, what is missing may stand behind a gate. */
      readonly isRead: boolean;
      /** What the server says of the job that does not exist, to a run request that it could read. */
      readonly run: Answer | undefined;
      /** The same, to an abort, asked in JSON. */
      readonly abort: Exchange;
      readonly findings: readonly Finding[];
    };

/**
 * Whether the API is there, and the token good. The first request cannot be read by any server; only then comes
 * one that can be, for a job that does not exist.
 */
export async function askWhetherThere(asker: Asker): Promise<Baseline> {
  const broken = await runInJson(asker, BROKEN_JSON);
  if (!broken.answer.isOfApi) return notOfApi(broken);
  let readable = await runInJson(asker, "{}");
  if (isUnreadable(readable.answer)) {
    // Perhaps the id alone is malformed to it.
    asker.jobId = randomUUID();
    readable = await runInJson(asker, "{}");
  }
  const run = isComparable(readable.answer) ? readable.answer : undefined;
  const isRead = run !== undefined && isUnreadable(broken.answer);
  const asked = [broken, readable];
  const reachable = isRead
    ? finding(
        "reachable",
        "proven",
        asked,
        "A body that nobody can read is refused, and one in JSON is read.",
      )
    : finding("reachable", "not shown", asked, whyNotReachable(broken.answer, readable.answer));
  const unknownJob = run
    ? finding("unknown-job", "proven", [readable], "Nothing that the probe asks for can be carried out.")
    : finding("unknown-job", "not shown", [readable], "Its answer is not one to compare others with.");
  const stop = await abort(asker, JSON_MEDIA_TYPE);
  return {
    isThere: true,
    isRead,
    run,
    abort: stop,
    findings: [reachable, unknownJob, await askForToken(asker, stop)],
  };
}

function notOfApi(broken: Exchange): Baseline {
  const { status = 0 } = broken.answer;
  const isElsewhere = (status >= 300 && status < 400) || status === 404 || status === 405 || status === 410;
  const meaning = isElsewhere
    ? "What answers there is not this API: look at the base URL."
    : "The answer is not in the API's words; something in between may have given it.";
  const reachable = finding("reachable", isElsewhere ? "refuted" : "not shown", [broken], meaning);
  return { isThere: false, findings: [reachable] };
}

function whyNotReachable(broken: Answer, readable: Answer): string {
  if (isUnreadable(broken) && isUnreadable(readable)) return "It refuses everything alike.";
  if (isSame(broken, readable) && broken.status === 404) {
    return "It says the same to what can be read and what cannot: the base URL may be wrong, or the body is not looked at for a job that does not exist.";
  }
  if (isSame(broken, readable)) {
    return "It says the same to what can be read and what cannot: something else stands before the body.";
  }
  return "The two answers do not tell.";
}

/** A token that is asked for nowhere would seem to work, so it has to be missed. */
async function askForToken(asker: Asker, withToken: Exchange): Promise<Finding> {
  const { status } = withToken.answer;
  if (status === 401) {
    return finding("token", "refuted", [withToken], "The server does not accept this access token.");
  }
  const without = await abort(asker, JSON_MEDIA_TYPE, { withoutToken: true });
  const asked = [withToken, without];
  if (status === 403) {
    return finding("token", "not shown", asked, "This token is not allowed to do it, or not known.");
  }
  const isMissed = without.answer.status === 401 || without.answer.status === 403;
  if (isMissed && isComparable(withToken.answer)) {
    return finding("token", "proven", asked, "With the token the server goes on, and without it does not.");
  }
  return finding("token", "not shown", asked, "The answers do not depend on the token.");
}

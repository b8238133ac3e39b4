import { randomUUID } from "node:crypto";
import { JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import { finding } from "./finding.ts";
import { BROKEN_JSON } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import { type Answer, isComparable, isNotRead, isSame, isUnreadable } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";
import { abort, brokenElsewhere, runInJson } from "./questions.ts";

/** What later questions are compared with. Of an API that was not shown to be there, nothing can be shown. */
export type Baseline =
  | { readonly isThere: false; readonly findings: readonly Finding[] }
  | {
      readonly isThere: true;
      /** What the server says of the job that does not exist, to a run request that it could read. */
      readonly run: Answer;
      /** The same, to an abort, asked in JSON. */
      readonly abort: Exchange;
      readonly findings: readonly Finding[];
    };

/**
 * Whether the API is there, and the token good. The first request cannot be read by any server; only then comes
 * one that can be, for a job that does not exist.
 */
export async function checkReachable(prober: Prober): Promise<Baseline> {
  const broken = await runInJson(prober, BROKEN_JSON);
  if (!broken.answer.isOfApi) return { isThere: false, findings: [notOfApi(broken)] };
  let readable = await runInJson(prober, "{}");
  if (isUnreadable(readable.answer)) {
    // Perhaps the id alone is malformed to it.
    prober.jobId = randomUUID();
    readable = await runInJson(prober, "{}");
  }
  const asked = [broken, readable];
  const isRead = isUnreadable(broken.answer) && isComparable(readable.answer);
  if (isRead) asked.push(await brokenElsewhere(prober));
  const isThere = asked[2] !== undefined && isNotRead(asked[2].answer);
  const reachable = isThere
    ? finding(
        "reachable",
        "proven",
        asked,
        "A body that nobody can read is refused, one in JSON is read, and at another path it does neither.",
      )
    : finding(
        "reachable",
        "not shown",
        asked,
        isRead
          ? "It refuses a broken body wherever it is sent to: something reads bodies before it looks at the path."
          : whyNotReachable(broken.answer, readable.answer),
      );
  const stop = await abort(prober, JSON_MEDIA_TYPE);
  const findings = [
    reachable,
    isUnknownJobRefused(asked, isThere),
    await checkTokenRequired(prober, stop, isThere),
  ];
  return isThere ? { isThere, run: readable.answer, abort: stop, findings } : { isThere, findings };
}

/** A refusal has to be about the job: who may not come in is refused likewise, and so is all at a wrong path. */
function isUnknownJobRefused(asked: readonly Exchange[], isThere: boolean): Finding {
  const { code } = (asked[1] as Exchange).answer;
  const say = (verdict: Finding["verdict"], meaning: string) =>
    finding("unknown-job", verdict, asked, meaning);
  if (!isThere)
    return say("not shown", "What refuses it may be something else: the API was not shown to be there.");
  if (code === Code.NotFound) return say("proven", "Nothing that the probe asks for can be carried out.");
  const isAboutCaller = code === Code.Unauthenticated || code === Code.PermissionDenied;
  const why = isAboutCaller ? "for who asks, and not for the job." : "but not as one that does not exist.";
  return say("not shown", `It is refused, ${why}`);
}

function notOfApi({ where, answer, ...evidence }: Exchange): Finding {
  const { status = 0, isPage, words } = answer;
  const isRedirect = status >= 300 && status < 400;
  const isElsewhere = isRedirect || status === 404 || status === 405 || status === 410;
  const what = isPage ? "a page" : isRedirect ? "a redirect" : "something else";
  const meaning = isElsewhere
    ? `${where} answers with ${what}, ${words}. That is not this API: look at the base URL.`
    : `${where} answers with ${what}, ${words}. That is not in the API's words; something in between may have given it.`;
  return finding(
    "reachable",
    isElsewhere ? "refuted" : "not shown",
    [{ ...evidence, where, answer }],
    meaning,
  );
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

/** A token that is asked for nowhere would seem to work, so it has to be missed, and a wrong one must not do. */
async function checkTokenRequired(prober: Prober, withToken: Exchange, isThere: boolean): Promise<Finding> {
  const { status } = withToken.answer;
  if (status === 401) {
    return finding("token", "refuted", [withToken], "The server does not accept this access token.");
  }
  if (!isThere) return finding("token", "not shown", [withToken], "The API was not shown to be there.");
  const without = await abort(prober, JSON_MEDIA_TYPE, { token: "none" });
  const wrong = await abort(prober, JSON_MEDIA_TYPE, { token: "wrong" });
  const asked = [withToken, without, wrong];
  const say = (verdict: Finding["verdict"], meaning: string) => finding("token", verdict, asked, meaning);
  if (status === 403) return say("not shown", "This token is not allowed to do it, or not known.");
  if (!isComparable(withToken.answer)) return say("not shown", "The answers do not tell.");
  if (!isShutOut(without)) return say("not shown", "The answers do not depend on the token.");
  if (!isShutOut(wrong)) return say("not shown", "Any token is let through, also one that nobody was given.");
  return say(
    "proven",
    "With the token the server goes on, and without it, or with a wrong one, it does not.",
  );
}

function isShutOut({ answer: { status } }: Exchange): boolean {
  return status === 401 || status === 403;
}

import { JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import { finding } from "./finding.ts";
import type { Finding } from "./probe-report.ts";
import { isComparable, isSame, isUnreadable } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";
import { abort } from "./questions.ts";

/**
 * Whether deadlines are read, and kept. A good one must change nothing, so that it is the value and not the
 * header that a bad one is refused for.
 */
export async function checkDeadlines(prober: Prober, without: Exchange): Promise<Finding[]> {
  const bad = await abort(prober, JSON_MEDIA_TYPE, { timeout: "1x" });
  const tiny = await abort(prober, JSON_MEDIA_TYPE, { timeout: "1n" });
  // A server that only sets a timer may have answered before it fires. This deadline has passed before it came.
  const over = isEnded(tiny) ? [] : [await abort(prober, JSON_MEDIA_TYPE, { timeout: "-1n" })];
  // Last: had the server itself begun to fail meanwhile, this one would fail as well.
  const good = await abort(prober, JSON_MEDIA_TYPE, { timeout: "1M" });
  const goodChangesNothing = isComparable(without.answer) && isSame(good.answer, without.answer);
  const asked = [without, bad, good];
  // Who is not let in at all does not come as far as the deadline.
  const isLetIn = without.answer.status !== 401 && without.answer.status !== 403;
  return [
    goodChangesNothing && isUnreadable(bad.answer)
      ? finding("deadline-read", "proven", asked, "A deadline that nobody can read is refused.")
      : goodChangesNothing && isLetIn && isSame(bad.answer, without.answer)
        ? finding("deadline-read", "refuted", asked, "The header is not looked at.")
        : finding("deadline-read", "not shown", asked, "The answers do not tell."),
    kept([without, tiny, ...over, good], goodChangesNothing),
  ];
}

function kept(asked: readonly Exchange[], goodChangesNothing: boolean): Finding {
  if (goodChangesNothing && asked.some(isEnded)) {
    const meaning = "A call whose deadline has passed is ended by the server, not only by the client.";
    return finding("deadline-kept", "proven", asked, meaning);
  }
  const meaning = "No call was seen to end for its deadline; the client still keeps it by itself.";
  return finding("deadline-kept", "not shown", asked, meaning);
}

function isEnded({ answer }: Exchange): boolean {
  return answer.isOfApi && answer.code === Code.DeadlineExceeded;
}

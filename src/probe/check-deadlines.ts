import { JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import { finding } from "./finding.ts";
import type { Finding } from "./probe-report.ts";
import { isComparable, isSameResponse, isUnreadable } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";

/**
 * Checks whether the server reads deadlines and enforces them. A valid deadline must change nothing, so that an invalid one
 * is rejected for its value and not for its header.
 */
export async function checkDeadlines(prober: Prober, without: Exchange): Promise<Finding[]> {
  const invalid = await prober.abort(JSON_MEDIA_TYPE, { timeout: "1x" });
  const tiny = await prober.abort(JSON_MEDIA_TYPE, { timeout: "1n" });
  // A server with a timer may respond before it fires. This deadline has passed when it arrives.
  const past = isDeadlineExceeded(tiny) ? [] : [await prober.abort(JSON_MEDIA_TYPE, { timeout: "-1n" })];
  // Last, so that it fails too if the server has begun to fail meanwhile.
  const valid = await prober.abort(JSON_MEDIA_TYPE, { timeout: "1M" });
  const validChangesNothing =
    isComparable(without.response) && isSameResponse(valid.response, without.response);
  const exchanges = [without, invalid, valid];
  // A server that rejects the caller does not read the deadline.
  const isAuthorized = without.response.status !== 401 && without.response.status !== 403;
  return [
    validChangesNothing && isUnreadable(invalid.response)
      ? finding("deadline-read", "proven", exchanges, "It rejects an invalid deadline.")
      : validChangesNothing && isAuthorized && isSameResponse(invalid.response, without.response)
        ? finding("deadline-read", "refuted", exchanges, "It ignores the header.")
        : finding("deadline-read", "not shown", exchanges, "The responses are inconclusive."),
    enforced([without, tiny, ...past, valid], validChangesNothing),
  ];
}

function enforced(exchanges: readonly Exchange[], validChangesNothing: boolean): Finding {
  if (validChangesNothing && exchanges.some(isDeadlineExceeded)) {
    const meaning = "The server, and not only the client, ends a call at its deadline.";
    return finding("deadline-kept", "proven", exchanges, meaning);
  }
  const meaning = "The server ended no call at its deadline; the client still enforces it.";
  return finding("deadline-kept", "not shown", exchanges, meaning);
}

function isDeadlineExceeded({ response }: Exchange): boolean {
  return response.isApiMessage && response.code === Code.DeadlineExceeded;
}

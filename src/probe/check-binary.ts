import { finding } from "./finding.ts";
import { BROKEN_JSON, CUT_OFF, cutShort, fieldWith, UNASSIGNED_FIELD } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import { isSameResponse, isUnreadable, type ProbeResponse } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";

/** The media types that servers use for binary bodies. */
const knownMediaTypes = ["application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf"];

export interface BinaryResponses {
  readonly finding: Finding;
  readonly exchange: Exchange;
}

/** Checks whether the server responds in binary, to which media types, and with which content type. */
export async function checkBinaryResponses(prober: Prober): Promise<BinaryResponses> {
  const exchange = await prober.abort(prober.protobuf);
  const { response } = exchange;
  const exchanges = [exchange];
  for (const mediaType of knownMediaTypes) {
    if (mediaType !== prober.protobuf) exchanges.push(await prober.abort(mediaType));
  }
  const accepted = exchanges
    .filter(({ response }) => isBinary(response))
    .map(({ asked }) => asked.split("accept ")[1]);
  const mediaTypes = accepted.length === 0 ? "" : ` Media types that it accepts: ${accepted.join(", ")}.`;
  const conclude = (verdict: Finding["verdict"], meaning: string) => ({
    exchange,
    finding: finding("binary-answers", verdict, exchanges, meaning + mediaTypes),
  });
  if (isBinary(response)) {
    return conclude("proven", `The content type of its binary responses is ${response.contentType}.`);
  }
  if (response.isApiMessage && response.encoding === "json") {
    return conclude("refuted", `It responds in JSON to Accept: ${prober.protobuf}.`);
  }
  return conclude("not shown", "The response is inconclusive.");
}

function isBinary({ isApiMessage, encoding }: ProbeResponse): boolean {
  return isApiMessage && encoding === "protobuf";
}

/**
 * Checks whether the server reads binary requests: it has to reject a truncated body, and accept its complete twin, which
 * is not JSON. The field has a number that is not assigned.
 */
export async function checkBinaryRequests(prober: Prober, run: ProbeResponse): Promise<Finding> {
  const truncated = await prober.runInBinary(cutShort(UNASSIGNED_FIELD));
  const complete = await prober.runInBinary(fieldWith(UNASSIGNED_FIELD, CUT_OFF));
  const exchanges = [truncated, complete];
  const conclude = (verdict: Finding["verdict"], meaning: string) =>
    finding("binary-requests", verdict, exchanges, meaning);
  if (isUnreadable(truncated.response) && isSameResponse(complete.response, run)) {
    return conclude("proven", "It rejects a truncated binary body and reads the complete one.");
  }
  if (isNotUnderstood(truncated.response) && isNotUnderstood(complete.response)) {
    // The server may read binary and reject unknown fields.
    const known = await prober.runInBinary(fieldWith(1, Buffer.from("x")));
    exchanges.push(known);
    if (!isNotUnderstood(known.response)) return conclude("not shown", "The responses are inconclusive.");
    return conclude("refuted", `It does not understand ${prober.protobuf} bodies. Call it in JSON.`);
  }
  if (isSameResponse(truncated.response, run) && isSameResponse(complete.response, run)) {
    return conclude("not shown", "It responds the same to a truncated body as to a complete one.");
  }
  return conclude("not shown", "The responses are inconclusive.");
}

/** A server that reads binary rejects a binary request in binary. */
function isNotUnderstood({ status, isApiMessage, encoding }: ProbeResponse): boolean {
  if (status === 406 || status === 415) return encoding !== "protobuf";
  return status === 400 && isApiMessage && encoding === "json";
}

/** Checks whether a JSON request can get a binary response. */
export async function checkCarefulMode(prober: Prober, run: ProbeResponse): Promise<Finding> {
  const broken = await prober.runInJson(BROKEN_JSON, prober.protobuf);
  const readable = await prober.runInJson("{}", prober.protobuf);
  const conclude = (verdict: Finding["verdict"], meaning: string) =>
    finding("careful-mode", verdict, [broken, readable], meaning);
  if (!isUnreadable(broken.response) || !isSameResponse(readable.response, run)) {
    return conclude("not shown", "The responses are inconclusive.");
  }
  if (isBinary(readable.response)) {
    return conclude("proven", 'encoding: { request: "json", response: "protobuf" } works here.');
  }
  if (readable.response.encoding !== "json") return conclude("not shown", "The responses are inconclusive.");
  return conclude("refuted", "It responds to JSON requests in JSON, whatever they accept.");
}

/** Compares the errors for an unknown job in both encodings. */
export function compareErrors(inJson: Exchange, inBinary: Exchange): Finding {
  const conclude = (verdict: Finding["verdict"], meaning: string) =>
    finding("same-error", verdict, [inJson, inBinary], meaning);
  const a = inJson.response;
  const b = inBinary.response;
  if (!a.isApiMessage || !b.isApiMessage) {
    return conclude("not shown", "At least one response is not a message of this API.");
  }
  if (a.encoding !== "json" || b.encoding !== "protobuf") {
    return conclude("not shown", `Both responses are in ${a.encoding === "json" ? "JSON" : "binary"}.`);
  }
  if (isSameResponse(a, b)) {
    return conclude("proven", "The code of an error is the same in JSON and in binary.");
  }
  return conclude("refuted", "The code of an error depends on the encoding.");
}

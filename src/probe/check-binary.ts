import { finding } from "./finding.ts";
import { BROKEN_JSON, CUT_OFF, cutShort, fieldWith, UNASSIGNED_FIELD } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import { type Answer, isSame, isUnreadable } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";
import { abort, runInBinary, runInJson } from "./questions.ts";

/** Names under which servers know binary bodies. */
const otherNames = ["application/x-protobuf", "application/protobuf", "application/vnd.google.protobuf"];

export interface BinaryAnswers {
  readonly finding: Finding;
  readonly exchange: Exchange;
}

/** Whether it answers in binary, under which name it is asked to, and what it calls the answer. */
export async function checkBinaryResponses(prober: Prober): Promise<BinaryAnswers> {
  const exchange = await abort(prober, prober.protobuf);
  const { answer } = exchange;
  const others: Exchange[] = [];
  for (const name of otherNames) if (name !== prober.protobuf) others.push(await abort(prober, name));
  const asked = [exchange, ...others];
  const known = asked.filter(({ answer }) => isBinary(answer)).map((each) => each.asked.split("accept ")[1]);
  const names = known.length === 0 ? "" : ` Names that it knows: ${known.join(", ")}.`;
  if (isBinary(answer)) {
    const meaning = `It calls its binary answers ${answer.contentType}.${names}`;
    return { exchange, finding: finding("binary-answers", "proven", asked, meaning) };
  }
  if (answer.isOfApi && answer.encoding === "json") {
    const meaning = `It answers in JSON when asked for ${prober.protobuf}.${names}`;
    return { exchange, finding: finding("binary-answers", "refuted", asked, meaning) };
  }
  return {
    exchange,
    finding: finding("binary-answers", "not shown", asked, `The answer does not tell.${names}`),
  };
}

function isBinary({ isOfApi, encoding }: Answer): boolean {
  return isOfApi && encoding === "protobuf";
}

/**
 * Whether it reads binary requests: it has to refuse one that is cut short, and to pass its whole twin, which
 * is no JSON. The field is one that nobody has assigned.
 */
export async function checkBinaryRequests(prober: Prober, run: Answer): Promise<Finding> {
  const cut = await runInBinary(prober, cutShort(UNASSIGNED_FIELD));
  const whole = await runInBinary(prober, fieldWith(UNASSIGNED_FIELD, CUT_OFF));
  const asked = [cut, whole];
  const say = (verdict: Finding["verdict"], meaning: string) =>
    finding("binary-requests", verdict, asked, meaning);
  if (isUnreadable(cut.answer) && isSame(whole.answer, run)) {
    return say("proven", "It reads bodies as protobuf: half a message is refused, and a whole one is read.");
  }
  if (isNotUnderstood(cut.answer) && isNotUnderstood(whole.answer)) {
    // It may read binary, and refuse fields that it does not know.
    const known = await runInBinary(prober, fieldWith(1, Buffer.from("x")));
    asked.push(known);
    if (!isNotUnderstood(known.answer)) return say("not shown", "The answers do not tell.");
    return say("refuted", `It does not understand bodies in ${prober.protobuf}. Call it in JSON.`);
  }
  if (isSame(cut.answer, run) && isSame(whole.answer, run)) {
    return say("not shown", "It says the same to half a message as to a whole one.");
  }
  return say("not shown", "The two answers do not tell.");
}

/** A server that reads binary, and refuses a binary request, says so in binary. */
function isNotUnderstood({ status, isOfApi, encoding }: Answer): boolean {
  if (status === 406 || status === 415) return encoding !== "protobuf";
  return status === 400 && isOfApi && encoding === "json";
}

/** Whether names may go out, and compact bytes come back. */
export async function checkCarefulMode(prober: Prober, run: Answer): Promise<Finding> {
  const broken = await runInJson(prober, BROKEN_JSON, prober.protobuf);
  const readable = await runInJson(prober, "{}", prober.protobuf);
  const asked = [broken, readable];
  const say = (verdict: Finding["verdict"], meaning: string) =>
    finding("careful-mode", verdict, asked, meaning);
  if (!isUnreadable(broken.answer) || !isSame(readable.answer, run)) {
    return say("not shown", "The two answers do not tell.");
  }
  if (isBinary(readable.answer)) {
    return say("proven", 'encoding: { request: "json", response: "protobuf" } works here.');
  }
  if (readable.answer.encoding !== "json") return say("not shown", "The two answers do not tell.");
  return say("refuted", "It answers a request in JSON in JSON, whatever it is asked for.");
}

/** Whether an unknown job is the same error in both encodings. */
export function compareErrors(inJson: Exchange, inBinary: Exchange): Finding {
  const asked = [inJson, inBinary];
  const say = (verdict: Finding["verdict"], meaning: string) =>
    finding("same-error", verdict, asked, meaning);
  const a = inJson.answer;
  const b = inBinary.answer;
  if (!a.isOfApi || !b.isOfApi) return say("not shown", "Not both answers are in the API's words.");
  if (a.encoding !== "json" || b.encoding !== "protobuf") {
    return say("not shown", `Both answers are in ${a.encoding === "json" ? "JSON" : "binary"}.`);
  }
  if (isSame(a, b)) return say("proven", "The code of an error is the same in JSON and in binary.");
  return say("refuted", "The code of an error depends on the encoding.");
}

import { finding } from "./finding.ts";
import { CUT_OFF, fieldWith, ILL_FORMED, NO_TEXT, UNASSIGNED_FIELD, WELL_FORMED } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import { type Answer, isSame, isUnreadable } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";
import { runInBinary } from "./questions.ts";

/** The field numbers that are tried. A tag of more than one byte would be an odd choice for the first fields. */
const LAST_FIELD = 15;

/** What a field of the run request turned out to be. */
type Kind = "message" | "no message" | "unclear";

interface Tried {
  readonly field: number;
  readonly kind: Kind;
  readonly exchanges: readonly Exchange[];
}

/** What was found about the fields of the run request. */
export interface RunFields {
  readonly findings: readonly Finding[];
  /** The field number of config, if there is only one that it can be. */
  readonly config: number | undefined;
}

/**
 * Which fields of the run request are messages. Decoding comes before the rpc, and only a message's content is
 * decoded: what is refused there, and nowhere else, gives a message away.
 *
 * @param run what the server says of the job that does not exist; to be asked only where binary requests are read
 */
export async function checkRunFields(prober: Prober, run: Answer): Promise<RunFields> {
  const tried: Tried[] = [];
  for (let field = 1; field <= LAST_FIELD; field++) tried.push(await tryField(prober, field, run));
  const config = configAmong(tried);
  return { findings: [await checkJobId(prober, tried, run), config.finding], config: config.field };
}

async function tryField(prober: Prober, field: number, run: Answer): Promise<Tried> {
  const cut = await runInBinary(prober, fieldWith(field, CUT_OFF));
  if (isSame(cut.answer, run)) return { field, kind: "no message", exchanges: [cut] };
  if (!isUnreadable(cut.answer)) return { field, kind: "unclear", exchanges: [cut] };
  // It may also be a list of numbers, which one byte is too short for, or a text that is not to the server's liking.
  const well = await runInBinary(prober, fieldWith(field, WELL_FORMED));
  const ill = await runInBinary(prober, fieldWith(field, ILL_FORMED));
  const exchanges = [cut, well, ill];
  if (!isSame(well.answer, run)) return { field, kind: "unclear", exchanges };
  if (isUnreadable(ill.answer)) return { field, kind: "message", exchanges };
  return { field, kind: isSame(ill.answer, run) ? "no message" : "unclear", exchanges };
}

function configAmong(tried: readonly Tried[]): { finding: Finding; field: number | undefined } {
  const of = (kind: Kind) => tried.filter((each) => each.kind === kind).map(({ field }) => field);
  const messages = of("message");
  const unclear = of("unclear");
  const two = tried[1] as Tried;
  const others = tried.filter(({ field, kind }) => field !== 2 && kind === "message");
  const asked = [...two.exchanges, ...others.flatMap(({ exchanges }) => exchanges)];
  const say = (verdict: Finding["verdict"], meaning: string, field?: number) => ({
    field,
    finding: finding("config-field", verdict, asked, meaning),
  });
  const only = messages.length === 1 && unclear.length === 0 ? messages[0] : undefined;
  if (two.kind === "message") {
    if (only !== undefined) {
      return say(
        "proven",
        `Of the fields 1 to ${LAST_FIELD} only 2 is a message, and the API describes no other than config.`,
        2,
      );
    }
    const besides =
      messages.length > 1 ? `${numbers(messages)} are messages` : `${numbers(unclear)} did not tell`;
    return say("not shown", `Field 2 is a message, but ${besides}, so config may be another one.`);
  }
  if (two.kind === "unclear") return say("not shown", "The answers about field 2 do not tell.");
  // A server that takes whatever stands in a message would seem to have none.
  if (messages.length === 0) {
    return say("not shown", `None of the fields 1 to ${LAST_FIELD} was seen to be a message.`);
  }
  const meaning =
    `Field 2 is no message, and ${numbers(messages)} is: a config that this library sends in binary is dropped ` +
    `in silence. Send requests in JSON.`;
  return say("refuted", meaning, only);
}

function numbers(fields: readonly number[]): string {
  return `field${fields.length === 1 ? "" : "s"} ${fields.join(", ")}`;
}

/** A text, and nothing else, takes any bytes that are UTF-8, and refuses a list of numbers that is not. */
async function checkJobId(prober: Prober, tried: readonly Tried[], run: Answer): Promise<Finding> {
  const one = tried[0] as Tried;
  const say = (verdict: Finding["verdict"], exchanges: readonly Exchange[], meaning: string) =>
    finding("job-id-field", verdict, exchanges, meaning);
  if (one.kind === "message") {
    return say("refuted", one.exchanges, "Field 1 is a message. This library never sends job_id in a body.");
  }
  const [cut] = one.exchanges;
  const noText = await runInBinary(prober, fieldWith(1, NO_TEXT));
  const control = await runInBinary(prober, fieldWith(UNASSIGNED_FIELD, NO_TEXT));
  const exchanges = [...one.exchanges, noText, control];
  if (
    cut !== undefined &&
    isSame(cut.answer, run) &&
    isUnreadable(noText.answer) &&
    isSame(control.answer, run)
  ) {
    const meaning = "Field 1 is a text. That it is job_id cannot be seen: the id in the path always wins.";
    return say("proven", exchanges, meaning);
  }
  return say("not shown", exchanges, "The answers do not tell. This library never sends job_id in a body.");
}

import { finding } from "./finding.ts";
import { CUT_OFF, fieldWith, ILL_FORMED, NO_TEXT, UNASSIGNED_FIELD, WELL_FORMED } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import { isSameResponse, isUnreadable, type ProbeResponse } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";

/** The highest field number to try. Larger ones need a tag of two bytes, which is unlikely for the first fields. */
const LAST_FIELD = 15;

/** The kind of a field of the run request, as far as the probe can tell. */
type Kind = "message" | "no message" | "unclear";

interface CheckedField {
  readonly field: number;
  readonly kind: Kind;
  readonly exchanges: readonly Exchange[];
}

/** The findings about the fields of the run request. */
export interface RunFields {
  readonly findings: readonly Finding[];
  /** The field number of config, if there is only one candidate. */
  readonly config: number | undefined;
}

/**
 * Finds the message fields of the run request. The server decodes a body before it runs the rpc, and only the content of a
 * message field has to be a valid message.
 *
 * @param run the response for the job that does not exist, from a server that reads binary requests
 */
export async function checkRunFields(prober: Prober, run: ProbeResponse): Promise<RunFields> {
  const fields: CheckedField[] = [];
  for (let field = 1; field <= LAST_FIELD; field++) fields.push(await checkField(prober, field, run));
  const config = configAmong(fields);
  return { findings: [await checkJobId(prober, fields, run), config.finding], config: config.field };
}

async function checkField(prober: Prober, field: number, run: ProbeResponse): Promise<CheckedField> {
  const truncated = await prober.runInBinary(fieldWith(field, CUT_OFF));
  if (isSameResponse(truncated.response, run)) return { field, kind: "no message", exchanges: [truncated] };
  if (!isUnreadable(truncated.response)) return { field, kind: "unclear", exchanges: [truncated] };
  // It may also be a list of numbers that are longer than one byte, or a string that the server validates.
  const well = await prober.runInBinary(fieldWith(field, WELL_FORMED));
  const ill = await prober.runInBinary(fieldWith(field, ILL_FORMED));
  const exchanges = [truncated, well, ill];
  if (!isSameResponse(well.response, run)) return { field, kind: "unclear", exchanges };
  if (isUnreadable(ill.response)) return { field, kind: "message", exchanges };
  return { field, kind: isSameResponse(ill.response, run) ? "no message" : "unclear", exchanges };
}

function configAmong(fields: readonly CheckedField[]): { finding: Finding; field: number | undefined } {
  const numbersOf = (kind: Kind) => fields.filter((each) => each.kind === kind).map(({ field }) => field);
  const messages = numbersOf("message");
  const unclear = numbersOf("unclear");
  const two = fields[1] as CheckedField;
  const others = fields.filter(({ field, kind }) => field !== 2 && kind === "message");
  const exchanges = [...two.exchanges, ...others.flatMap((each) => each.exchanges)];
  const conclude = (verdict: Finding["verdict"], meaning: string, field?: number) => ({
    field,
    finding: finding("config-field", verdict, exchanges, meaning),
  });
  const only = messages.length === 1 && unclear.length === 0 ? messages[0] : undefined;
  if (two.kind === "message") {
    if (only !== undefined) {
      return conclude(
        "proven",
        `Of the fields 1 to ${LAST_FIELD} only 2 is a message, and the API describes no message field but config.`,
        2,
      );
    }
    const besides =
      messages.length > 1 ? `${list(messages)} are messages` : `${list(unclear)} gave no clear result`;
    return conclude("not shown", `Field 2 is a message, but ${besides}, so config may be another one.`);
  }
  if (two.kind === "unclear") return conclude("not shown", "The responses about field 2 are inconclusive.");
  // A server that does not decode messages would seem to have none.
  if (messages.length === 0) {
    return conclude("not shown", `None of the fields 1 to ${LAST_FIELD} was seen to be a message.`);
  }
  const meaning =
    `Field 2 is not a message, but ${list(messages)} is: the server silently drops a config that this library sends ` +
    `in binary. Send requests in JSON.`;
  return conclude("refuted", meaning, only);
}

function list(fields: readonly number[]): string {
  return `field${fields.length === 1 ? "" : "s"} ${fields.join(", ")}`;
}

/** Only a string field accepts any UTF-8, and rejects bytes that are a list of numbers but not UTF-8. */
async function checkJobId(
  prober: Prober,
  fields: readonly CheckedField[],
  run: ProbeResponse,
): Promise<Finding> {
  const one = fields[0] as CheckedField;
  const conclude = (verdict: Finding["verdict"], exchanges: readonly Exchange[], meaning: string) =>
    finding("job-id-field", verdict, exchanges, meaning);
  if (one.kind === "message") {
    return conclude(
      "refuted",
      one.exchanges,
      "Field 1 is a message. This library never sends job_id in a body.",
    );
  }
  const [truncated] = one.exchanges;
  const noText = await prober.runInBinary(fieldWith(1, NO_TEXT));
  const control = await prober.runInBinary(fieldWith(UNASSIGNED_FIELD, NO_TEXT));
  const exchanges = [...one.exchanges, noText, control];
  if (
    truncated !== undefined &&
    isSameResponse(truncated.response, run) &&
    isUnreadable(noText.response) &&
    isSameResponse(control.response, run)
  ) {
    const meaning =
      "Field 1 is a string. That it is job_id cannot be shown: the id in the path takes precedence.";
    return conclude("proven", exchanges, meaning);
  }
  return conclude(
    "not shown",
    exchanges,
    "The responses are inconclusive. This library never sends job_id in a body.",
  );
}

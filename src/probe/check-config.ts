import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { finding } from "./finding.ts";
import { fieldWith, NO_CONTENT, UNASSIGNED_FIELD } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import { type Answer, isSame, isUnreadable } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";
import { runInBinary } from "./questions.ts";

/**
 * What can be told of config's own fields. A single number takes nothing that has a length, and passes over it
 * as an unknown field; a message, a text or a list refuses what is not one. So a wrong guess can be found out
 * here, and a right one cannot be proven: which number means what shows only when a job runs.
 */
export async function checkConfig(prober: Prober, config: number, run: Answer): Promise<Finding> {
  const inConfig = (field: number) => runInBinary(prober, fieldWith(config, fieldWith(field, NO_CONTENT)));
  const control = await inConfig(UNASSIGNED_FIELD);
  const exchanges: Exchange[] = [control];
  const misfits: string[] = [];
  let isClear = isSame(control.answer, run);
  for (const { number, name } of JobConfigSchema.fields) {
    const exchange = await inConfig(number);
    exchanges.push(exchange);
    if (isUnreadable(exchange.answer)) misfits.push(`${number} (${name})`);
    else if (!isSame(exchange.answer, run)) isClear = false;
  }
  const say = (verdict: Finding["verdict"], meaning: string) =>
    finding("config-values", verdict, exchanges, meaning);
  if (isSame(control.answer, run) && misfits.length > 0) {
    return say("refuted", `No plain number: ${misfits.join(", ")}. Send requests in JSON.`);
  }
  if (!isClear) return say("not shown", "The answers do not tell.");
  const meaning =
    "Nothing speaks against them: none is a message, a text or a list. Which number means what cannot be seen " +
    "without running a job; JSON sends names.";
  return say("not shown", meaning);
}

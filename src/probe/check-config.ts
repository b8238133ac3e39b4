import { JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { finding } from "./finding.ts";
import { fieldWith, NO_CONTENT, UNASSIGNED_FIELD } from "./probe-bodies.ts";
import type { Finding } from "./probe-report.ts";
import { isSameResponse, isUnreadable, type ProbeResponse } from "./probe-response.ts";
import type { Exchange, Prober } from "./prober.ts";

/**
 * Checks the fields of config. A server ignores a length-delimited value for a scalar number, as for an unknown field. It
 * rejects invalid content of a message, a string or a list. So this can refute a wrong field number, but not prove a right
 * one: only a running job shows which number means what.
 */
export async function checkConfig(prober: Prober, config: number, run: ProbeResponse): Promise<Finding> {
  const runWith = (field: number) => prober.runInBinary(fieldWith(config, fieldWith(field, NO_CONTENT)));
  const control = await runWith(UNASSIGNED_FIELD);
  const exchanges: Exchange[] = [control];
  const mistyped: string[] = [];
  let isClear = isSameResponse(control.response, run);
  for (const { number, name } of JobConfigSchema.fields) {
    const exchange = await runWith(number);
    exchanges.push(exchange);
    if (isUnreadable(exchange.response)) mistyped.push(`${number} (${name})`);
    else if (!isSameResponse(exchange.response, run)) isClear = false;
  }
  const conclude = (verdict: Finding["verdict"], meaning: string) =>
    finding("config-values", verdict, exchanges, meaning);
  if (isSameResponse(control.response, run) && mistyped.length > 0) {
    return conclude("refuted", `Not a scalar number: ${mistyped.join(", ")}. Send requests in JSON.`);
  }
  if (!isClear) return conclude("not shown", "The responses are inconclusive.");
  const meaning =
    "Nothing contradicts them: none is a message, a string or a list. Only a running job shows which number means " +
    "what; JSON sends names.";
  return conclude("not shown", meaning);
}

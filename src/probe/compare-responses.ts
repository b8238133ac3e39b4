import type { GenericResponse } from "../../gen/bytenite/common/common_pb.js";
import { finding } from "./finding.ts";
import type { Finding } from "./probe-report.ts";
import type { Exchange } from "./prober.ts";

/**
 * Whether the API's own message, read by name from JSON and by number from binary, says the same. Most servers
 * answer errors with a google.rpc.Status, whose numbers are public; then nothing is shown.
 */
export function compareResponses(inJson: Exchange, inBinary: Exchange): Finding {
  const asked = [inJson, inBinary];
  const say = (verdict: Finding["verdict"], meaning: string) =>
    finding("answer-fields", verdict, asked, meaning);
  const byName = inJson.answer.encoding === "json" ? inJson.answer.message : undefined;
  const byNumber = inBinary.answer.encoding === "protobuf" ? inBinary.answer.message : undefined;
  if (byName === undefined) {
    return say(
      "not shown",
      "Errors are a google.rpc.Status here, or not readable, not the API's own message.",
    );
  }
  if (byNumber === undefined) return say("not shown", "The same message did not come back in binary.");
  const named = tellingFields(byName);
  const numbered = fieldsOf(byNumber);
  const wrong = [...named].filter(([field, value]) => numbered.get(field) !== value).map(([field]) => field);
  const right = [...named.keys()].filter((field) => !wrong.includes(field));
  if (named.size === 0) return say("not shown", "The message says too little to tell its fields apart.");
  if (right.length === 0 || wrong.length > 0) {
    return say(
      "not shown",
      `${wrong.join(", ")} differ between JSON and binary; a wrong number would look so.`,
    );
  }
  return say("proven", `The same in JSON and binary: ${right.join(", ")}. Of the others nothing is known.`);
}

/** The texts and numbers that no other field of the message has as well. */
function tellingFields(message: GenericResponse): Map<string, string> {
  const fields = fieldsOf(message);
  const values = [...fields.values()];
  return new Map([...fields].filter(([, value]) => values.filter((each) => each === value).length === 1));
}

function fieldsOf({ message, error }: GenericResponse): Map<string, string> {
  const fields = Object.entries({
    message,
    "error.code": String(error?.code || ""),
    "error.message": error?.message ?? "",
    "error.description": error?.description ?? "",
  });
  return new Map(fields.filter(([, value]) => value !== ""));
}

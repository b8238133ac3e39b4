import type { GenericResponse } from "../../gen/bytenite/common/common_pb.js";
import { finding } from "./finding.ts";
import type { Finding } from "./probe-report.ts";
import type { Exchange } from "./prober.ts";

/**
 * Compares the API's own message, read by name from JSON and by number from binary. It shows nothing if errors are a
 * google.rpc.Status, as with most servers: its field numbers are public.
 */
export function compareResponses(inJson: Exchange, inBinary: Exchange): Finding {
  const conclude = (verdict: Finding["verdict"], meaning: string) =>
    finding("answer-fields", verdict, [inJson, inBinary], meaning);
  const byName = inJson.response.encoding === "json" ? inJson.response.message : undefined;
  const byNumber = inBinary.response.encoding === "protobuf" ? inBinary.response.message : undefined;
  if (byName === undefined) {
    return conclude(
      "not shown",
      "Errors are a google.rpc.Status here, or not readable, and not the API's own message.",
    );
  }
  if (byNumber === undefined) return conclude("not shown", "The response in binary is not the same message.");
  const named = uniqueFields(byName);
  const numbered = fieldsOf(byNumber);
  const different = [...named]
    .filter(([field, value]) => numbered.get(field) !== value)
    .map(([field]) => field);
  const equal = [...named.keys()].filter((field) => !different.includes(field));
  if (named.size === 0)
    return conclude("not shown", "The message has too few values to tell its fields apart.");
  if (equal.length === 0 || different.length > 0) {
    return conclude(
      "not shown",
      `${different.join(", ")} differ between JSON and binary, as they would with a wrong number.`,
    );
  }
  return conclude(
    "proven",
    `The same in JSON and binary: ${equal.join(", ")}. About the others nothing is known.`,
  );
}

/** The fields whose value no other field of the message has. */
function uniqueFields(message: GenericResponse): Map<string, string> {
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

// npm run test:google [-- --seed 7]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { hasOption } from "@bufbuild/protobuf";
import { http } from "../../gen/google/api/annotations_pb.js";
import { compare } from "./compare.ts";
import { servicesOf } from "./published-apis.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "1" } } });
const seed = Number(values.seed);
const count = (number: number) => number.toLocaleString("en").padStart(8);
const startedAt = performance.now();
let withRules = 0;

const { bindings, codecs } = await compare(seed, undefined, (registry) => {
  const hasRules = servicesOf(registry).filter(({ methods }) =>
    methods.some((method) => hasOption(method, http)),
  );
  withRules = hasRules.length;
});
const { explained, unexplained } = bindings;
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
const packages = ["google-proto-files", "google-gax", "@bufbuild/protobuf"].map(
  (name) => `${name} ${versionOf(name)}`,
);
console.log(`${packages.join(", ")}; seed ${seed}, ${seconds} s

${count(bindings.services)} services, a client for each; ${withRules.toLocaleString("en")} have rules
${count(bindings.methods)} methods; ${bindings.streaming} are streaming and are not compared; ${bindings.withoutRule} unary ones have no rule: calls of them fail with Unimplemented
${count(bindings.bindings)} bindings
${count(bindings.messages)} messages
${count(bindings.same)} made the same request as google-gax
${count(bindings.invalidForBoth)} were rejected by both: a variable is not set
${count(bindings.roundTrips)} round trips through our own server kept the message, in JSON and in binary; ${bindings.ambiguousPaths} paths match another method, too

Reasons why google-gax made another request:`);
for (const [reason, times] of [...explained].sort(([, a], [, b]) => b - a))
  console.log(`${count(times)} ${reason}`);
console.log(`${count(unexplained.length)} unexplained

${count(codecs.types)} message types
${count(codecs.messages)} messages written and read like protobuf-es, in binary and in JSON
${count(codecs.different.length)} different`);
for (const each of [...unexplained, ...codecs.different].slice(0, 50)) console.log(`\n${each}`);
if (unexplained.length > 0 || codecs.different.length > 0) process.exitCode = 1;

function versionOf(name: string): string {
  const file = join(import.meta.dirname, "../../node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

// npm run bench:micro: the stages of a call, side by side with protobuf-es.
import { isUtf8 } from "node:buffer";
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Bench } from "tinybench";
import {
  type Book,
  BookSchema,
  Genre,
  ListBooksResponseSchema,
} from "../examples/gen/library/v1/library_pb.js";
import { GenericResponseSchema } from "../gen/bytenite/common/common_pb.js";
import { Customer, RunJobRequestSchema } from "../gen/bytenite/customer/customer_pb.js";
import { bodyEncoder } from "../src/client/body-encoder.ts";
import { decodeBinary, encodeBinary } from "../src/codecs/binary-codec.ts";
import { decodeJson, encodeJson } from "../src/codecs/json-codec.ts";
import { validateBinary } from "../src/codecs/validate-binary.ts";
import { wireSchemaOf } from "../src/codecs/wire-schema.ts";
import { withCallerStack } from "../src/errors/caller-stack.ts";
import { compileRoute } from "../src/transcoding/compile-route.ts";
import { requestTarget } from "../src/transcoding/request-target.ts";
import { response, responseBytes, responseJson } from "./ways/the-call.ts";

const route = compileRoute(Customer.method.runJob);
const encodeBody = bodyEncoder(route.bindings[0], "protobuf", {});
const run = create(RunJobRequestSchema, {
  jobId: "job-1",
  config: { taskTimeout: 3600n, jobTimeout: 86_400n, isTestJob: true },
});
const withoutId = create(RunJobRequestSchema, { config: run.config });

const books: Book[] = Array.from({ length: 100 }, (_, i) =>
  create(BookSchema, {
    name: `shelves/1/books/${i}`,
    title: `The ${i}th book of the shelf`,
    authors: ["Jane Austen", "Ada Lovelace"],
    genre: Genre.FICTION,
    isbn: 9_780_141_439_587n,
    published: { seconds: 1_700_000_000n },
  }),
);
const page = create(ListBooksResponseSchema, { books, nextPageToken: "101" });
const pageBytes = Buffer.from(toBinary(ListBooksResponseSchema, page));
const responseText = responseJson.toString();

const respond = async () => response;
async function respondWithStack() {
  try {
    return await respond();
  } catch (error) {
    throw withCallerStack(error, respondWithStack);
  }
}

/** The others of a group are compared with its first one. */
const groups: Record<string, Record<string, () => unknown>> = {
  route: { "requestTarget of a run": () => requestTarget(route, run) },
  "encode a run": {
    "protobuf-es": () => toBinary(RunJobRequestSchema, withoutId),
    ours: () => encodeBinary(RunJobRequestSchema, withoutId),
    "ours, as a body without the id": () => encodeBody(run),
  },
  [`read a GenericResponse of ${responseBytes.length} bytes`]: {
    "protobuf-es": () => fromBinary(GenericResponseSchema, responseBytes),
    "validate, then protobuf-es": () => {
      validateBinary(wireSchemaOf(GenericResponseSchema), responseBytes);
      return fromBinary(GenericResponseSchema, responseBytes);
    },
    ours: () => decodeBinary(GenericResponseSchema, responseBytes),
  },
  [`write 100 books, ${pageBytes.length} bytes`]: {
    "protobuf-es": () => toBinary(ListBooksResponseSchema, page),
    ours: () => encodeBinary(ListBooksResponseSchema, page),
  },
  "read 100 books": {
    "protobuf-es": () => fromBinary(ListBooksResponseSchema, pageBytes),
    "validate, then protobuf-es": () => {
      validateBinary(wireSchemaOf(ListBooksResponseSchema), pageBytes);
      return fromBinary(ListBooksResponseSchema, pageBytes);
    },
    ours: () => decodeBinary(ListBooksResponseSchema, pageBytes),
  },
  "write a GenericResponse in JSON": {
    "protobuf-es": () => new TextEncoder().encode(toJsonString(GenericResponseSchema, response)),
    ours: () => encodeJson(GenericResponseSchema, response),
  },
  "read a GenericResponse in JSON": {
    "protobuf-es": () => fromJsonString(GenericResponseSchema, responseText),
    ours: () => decodeJson(GenericResponseSchema, responseJson, undefined, "kept"),
  },
  "await a response": {
    "the promise of a call": respond,
    "with the stack of its caller": respondWithStack,
  },
};

// What V8 and Node.js take for the same text, without a message around it.
const strictDecoder = new TextDecoder("utf-8", { fatal: true });
const textEncoder = new TextEncoder();
for (const length of [100_000, 1_000_000]) {
  const bytes = Buffer.alloc(length, "text ");
  const title = bytes.toString("latin1");
  const book = create(BookSchema, { title });
  const bookBytes = Buffer.from(encodeBinary(BookSchema, book));
  groups[`write a text of ${length} characters`] = {
    "Buffer.write, latin1": () => Buffer.allocUnsafeSlow(length).write(title, "latin1"),
    "Buffer.from": () => Buffer.from(title),
    "TextEncoder.encode": () => textEncoder.encode(title),
    "ours, as a message": () => encodeBinary(BookSchema, book),
  };
  groups[`read a text of ${length} bytes`] = {
    "Buffer.toString, latin1": () => bytes.toString("latin1"),
    "Buffer.toString, utf8": () => bytes.toString("utf8"),
    "isUtf8 alone": () => isUtf8(bytes),
    "TextDecoder.decode, fatal": () => strictDecoder.decode(bytes),
    "ours, as a message": () => decodeBinary(BookSchema, bookBytes),
  };
}

for (const [name, cases] of Object.entries(groups)) {
  const bench = new Bench({ time: 400, warmupTime: 200 });
  for (const [way, work] of Object.entries(cases)) bench.add(way, work);
  await bench.run();
  const medians = bench.tasks.map((task) =>
    "latency" in task.result ? task.result.latency.p50 * 1e6 : Number.NaN,
  );
  console.log(name);
  for (const [i, task] of bench.tasks.entries()) {
    const ns = medians[i] ?? Number.NaN;
    const ratio = bench.tasks.length > 1 ? `  × ${(ns / (medians[0] ?? Number.NaN)).toFixed(2)}` : "";
    console.log(`  ${task.name.padEnd(32)} ${ns.toFixed(0).padStart(8)} ns${ratio}`);
  }
}

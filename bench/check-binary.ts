// npm run bench:check: what the check of a binary answer adds to its decoding, side by side in one run.
import { create, type DescMessage, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { anyPack, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Bench } from "tinybench";
import { GenericResponseSchema } from "../gen/bytenite/common/common_pb.js";
import { file_bytenite_customer_customer } from "../gen/bytenite/customer/customer_pb.js";
import { ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";
import { decodeBinary } from "../src/codecs/binary-codec.ts";

const cases = [
  written("GenericResponse", GenericResponseSchema, {
    ok: true,
    requestId: "0f9c3a1e",
    message: "job job-1 is running",
  }),
  written("Status with a detail", StatusSchema, {
    code: 8,
    message: "too many jobs",
    details: [
      anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "QUOTA", metadata: { unit: "s" } })),
    ],
  }),
  written("1,000 file descriptors", FileDescriptorSetSchema, {
    file: Array.from({ length: 1_000 }, () => file_bytenite_customer_customer.proto),
  }),
];

for (const { name, desc, bytes } of cases) {
  const bench = new Bench({ time: 500, warmupTime: 200 })
    .add("decode", () => void fromBinary(desc, bytes))
    .add("check and decode", () => void decodeBinary(desc, bytes));
  await bench.run();
  const [decode, checked] = bench.tasks.map(({ result }) =>
    "latency" in result ? result.latency.p50 : Number.NaN,
  );
  const ratio = (checked as number) / (decode as number);
  console.log(`${name} (${bytes.length} bytes): check and decode takes ${ratio.toFixed(2)} x decode alone`);
}

function written<Desc extends DescMessage>(name: string, desc: Desc, init: MessageInitShape<Desc>) {
  return { name, desc: desc as DescMessage, bytes: toBinary(desc, create(desc, init)) };
}

// Compares our codecs with protobuf-es: they have to write the same bytes and JSON, and to read the same messages.

import { isDeepStrictEqual } from "node:util";
import {
  type DescMessage,
  fromBinary,
  fromJsonString,
  type MessageShape,
  type Registry,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { decodeBinary, encodeBinary } from "../../src/codecs/binary-codec.ts";
import { decodeJson, encodeJson } from "../../src/codecs/json-codec.ts";
import { Random } from "../fuzz/random.ts";
import { MessageMaker } from "./any-message.ts";

export interface CodecCounts {
  types: number;
  messages: number;
  /** The differences, with the message type. */
  readonly different: string[];
}

/** @param perType the number of messages of each type; the first one has all fields set */
export function compareCodecs(
  types: Iterable<DescMessage>,
  registry: Registry,
  seed: number,
  perType: number,
): CodecCounts {
  const maker = new MessageMaker(new Random(seed), registry);
  const counts: CodecCounts = { types: 0, messages: 0, different: [] };
  for (const desc of types) {
    counts.types++;
    for (let i = 0; i < perType; i++) {
      counts.messages++;
      const message = maker.message(desc, i === 0 ? { set: 1, depth: 2 } : { set: 0.4, depth: 3 });
      for (const difference of differences(desc, message, maker.registry)) {
        counts.different.push(`${desc.typeName}: ${difference}`);
      }
    }
  }
  return counts;
}

function* differences(
  desc: DescMessage,
  message: MessageShape<DescMessage>,
  registry: Registry,
): Generator<string> {
  try {
    const bytes = toBinary(desc, message);
    if (Buffer.compare(encodeBinary(desc, message), bytes) !== 0) yield "the bytes differ";
    const read = decodeBinary(desc, bytes);
    if (!isDeepStrictEqual(read, fromBinary(desc, bytes)))
      yield "the message that is read from binary differs";
    if (!isDeepStrictEqual(read, message)) yield "the message differs after a round trip in binary";
    const json = toJson(desc, message, { registry });
    const ours = encodeJson(desc, message, { registry });
    const text = Buffer.from(ours).toString();
    if (!isDeepStrictEqual(JSON.parse(text), json)) yield `the JSON differs: ${text.slice(0, 200)}`;
    const readJson = decodeJson(desc, ours, registry);
    if (!isDeepStrictEqual(readJson, fromJsonString(desc, JSON.stringify(json), { registry }))) {
      yield "the message that is read from JSON differs";
    }
  } catch (error) {
    yield String(error);
  }
}

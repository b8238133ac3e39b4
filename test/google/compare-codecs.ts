// Our codecs against protobuf-es: what each writes is the same, and what each reads.

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
  /** What is different, of each message that is. */
  readonly different: string[];
}

/** @param perType how many messages of each type; of the first, all fields are set */
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
    if (Buffer.compare(encodeBinary(desc, message), bytes) !== 0) yield "other bytes are written";
    const read = decodeBinary(desc, bytes);
    if (!isDeepStrictEqual(read, fromBinary(desc, bytes))) yield "another message is read from binary";
    if (!isDeepStrictEqual(read, message)) yield "another message comes back from binary";
    const json = toJson(desc, message, { registry });
    const ours = encodeJson(desc, message, { registry });
    const text = Buffer.from(ours).toString();
    if (!isDeepStrictEqual(JSON.parse(text), json)) yield `other JSON is written: ${text.slice(0, 200)}`;
    const readJson = decodeJson(desc, ours, registry);
    if (!isDeepStrictEqual(readJson, fromJsonString(desc, JSON.stringify(json), { registry }))) {
      yield "another message is read from JSON";
    }
  } catch (error) {
    yield String(error);
  }
}

import { JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import type { Asker, Exchange, Question } from "./asker.ts";
import { BROKEN_JSON } from "./probe-bodies.ts";

/** Runs the job that does not exist, with a body in JSON. */
export function runInJson(
  asker: Asker,
  body: Uint8Array | string,
  accept = JSON_MEDIA_TYPE,
): Promise<Exchange> {
  return asker.ask({ rpc: "run", accept, body: { contentType: JSON_MEDIA_TYPE, bytes: Buffer.from(body) } });
}

/** Sends a body that nobody can read to a path that the API does not have. */
export function brokenElsewhere(asker: Asker): Promise<Exchange> {
  const body = { contentType: JSON_MEDIA_TYPE, bytes: BROKEN_JSON };
  return asker.ask({ rpc: "run", isElsewhere: true, accept: JSON_MEDIA_TYPE, body });
}

/** Runs the job that does not exist, with a body in binary. */
export function runInBinary(asker: Asker, bytes: Uint8Array): Promise<Exchange> {
  const { protobuf } = asker;
  return asker.ask({ rpc: "run", accept: protobuf, body: { contentType: protobuf, bytes } });
}

/** Stops the job that does not exist. */
export function abort(
  asker: Asker,
  accept: string,
  more: Pick<Question, "timeout" | "token"> = {},
): Promise<Exchange> {
  return asker.ask({ rpc: "abort", accept, ...more });
}

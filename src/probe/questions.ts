import { JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import { BROKEN_JSON } from "./probe-bodies.ts";
import type { Exchange, Prober, Question } from "./prober.ts";

/** Runs the job that does not exist, with a body in JSON. */
export function runInJson(
  prober: Prober,
  body: Uint8Array | string,
  accept = JSON_MEDIA_TYPE,
): Promise<Exchange> {
  return prober.ask({ rpc: "run", accept, body: { contentType: JSON_MEDIA_TYPE, bytes: Buffer.from(body) } });
}

/** Sends a body that nobody can read to a path that the API does not have. */
export function brokenElsewhere(prober: Prober): Promise<Exchange> {
  const body = { contentType: JSON_MEDIA_TYPE, bytes: BROKEN_JSON };
  return prober.ask({ rpc: "run", isElsewhere: true, accept: JSON_MEDIA_TYPE, body });
}

/** Runs the job that does not exist, with a body in binary. */
export function runInBinary(prober: Prober, bytes: Uint8Array): Promise<Exchange> {
  const { protobuf } = prober;
  return prober.ask({ rpc: "run", accept: protobuf, body: { contentType: protobuf, bytes } });
}

/** Stops the job that does not exist. */
export function abort(
  prober: Prober,
  accept: string,
  more: Pick<Question, "timeout" | "token"> = {},
): Promise<Exchange> {
  return prober.ask({ rpc: "abort", accept, ...more });
}

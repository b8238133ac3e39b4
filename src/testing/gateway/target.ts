import type { Encoding } from "../../codecs/media-type.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import type { Negotiated } from "./negotiate.ts";
import type { Reply } from "./reply.ts";

/** What a request is for: an rpc, or something beside the service. */
export interface Target {
  /** What records call it: `"bytenite.customer.Customer/RunJob"`. */
  readonly fullName: string;
  /** What faults call it: `"RunJob"`. */
  readonly name: string;
  /** Whether faults for any rpc leave it alone. */
  readonly isBesideService: boolean;
  /** Does what the request asks for. It never rejects. */
  execute(request: ReceivedRequest, encodings: Negotiated): Promise<Reply>;
  /** The answer with all fields at their defaults. */
  emptyReply(encoding: Encoding): Reply;
}

/** Finds what a request is for; a StatusError where it is for nothing. The path has all its escapes. */
export type FindTarget = (verb: string, path: string, query: string) => Target;

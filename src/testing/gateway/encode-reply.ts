import type { DescMessage, Message } from "@bufbuild/protobuf";
import { encodeBinary } from "../../codecs/binary-codec.ts";
import { encodeJson } from "../../codecs/json-codec.ts";
import type { Encoding } from "../../codecs/media-type.ts";
import type { Reply } from "./reply.ts";
import type { ReplySettings } from "./reply-settings.ts";

/** A message as an answer with status 200. */
export function encodeReply(
  desc: DescMessage,
  message: Message,
  encoding: Encoding,
  settings: ReplySettings,
): Reply {
  const body = encoding === "protobuf" ? encodeBinary(desc, message) : encodeJson(desc, message, settings);
  return { status: 200, headers: { "content-type": settings.contentTypes[encoding] }, body };
}

import type { DescMessage, Message } from "@bufbuild/protobuf";
import { encodeBinary } from "../codecs/binary-codec.ts";
import type { Encoding } from "../codecs/media-type.ts";
import { gatewayJson } from "./gateway-json.ts";
import type { Reply } from "./reply.ts";
import type { ReplySettings } from "./reply-settings.ts";

const utf8 = new TextEncoder();

/** A message as an answer with status 200. */
export function encodeReply(
  desc: DescMessage,
  message: Message,
  encoding: Encoding,
  { contentTypes, registry }: ReplySettings,
): Reply {
  const body =
    encoding === "protobuf"
      ? encodeBinary(desc, message)
      : utf8.encode(JSON.stringify(gatewayJson(desc, message, registry)));
  return { status: 200, headers: { "content-type": contentTypes[encoding] }, body };
}

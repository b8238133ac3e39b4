import type { Message } from "@bufbuild/protobuf";
import { encodeJsonField } from "../../codecs/json-codec.ts";
import type { Encoding } from "../../codecs/media-type.ts";
import { Code } from "../../errors/code.ts";
import type { Binding } from "../../transcoding/binding.ts";
import { responseContentOf } from "../../transcoding/place-body.ts";
import { encodeReply } from "./encode-reply.ts";
import type { Reply } from "./reply.ts";
import type { ReplySettings } from "./reply-settings.ts";
import { StatusError } from "./status-error.ts";

/**
 * Answers with an rpc's output, or with the one field of it that is the rule's `response_body`.
 *
 * @throws StatusError `Unknown`, as a grpc-gateway has it, for a field that is no message in binary
 */
export function encodeOutput(
  binding: Binding,
  output: Message,
  encoding: Encoding,
  settings: ReplySettings,
): Reply {
  const content = responseContentOf(binding, output);
  if (content.kind === "message") return encodeReply(content.desc, content.message, encoding, settings);
  if (encoding === "protobuf") throw new StatusError(Code.Unknown, "unable to marshal non proto field");
  const body = encodeJsonField(content.field, content.holder, settings);
  return { status: 200, headers: { "content-type": settings.contentTypes.json }, body };
}

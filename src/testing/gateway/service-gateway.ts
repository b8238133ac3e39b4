import { create, type DescService, type Message } from "@bufbuild/protobuf";
import type { JsonWriteOptions } from "../../codecs/json-encoder.ts";
import { JSON_MEDIA_TYPE } from "../../codecs/media-type.ts";
import { messageFromInit } from "../../codecs/message-from-init.ts";
import { asError } from "../../errors/as-error.ts";
import { Code } from "../../errors/code.ts";
import { compileService } from "../../transcoding/compile-route.ts";
import { readRequest } from "../../transcoding/read-request.ts";
import { createRouter, type RouteMatch, type Router } from "../../transcoding/router.ts";
import { rpcName } from "../../transcoding/rpc-name.ts";
import { TranscodingError } from "../../transcoding/transcoding-error.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import { CallContext } from "./call-context.ts";
import { decodeRequestBody } from "./decode-request-body.ts";
import { encodeOutput } from "./encode-output.ts";
import type { GatewaySettings } from "./gateway-options.ts";
import type { Negotiated } from "./negotiate.ts";
import type { Served } from "./recorded-service.ts";
import type { Reply } from "./reply.ts";
import type { ReplySettings } from "./reply-settings.ts";
import { type RpcHandlers, rpcHandlers } from "./rpc-handlers.ts";
import type { ServiceImplementation } from "./service-implementation.ts";
import { StatusError } from "./status-error.ts";
import { statusReply } from "./status-reply.ts";
import type { Target } from "./target.ts";

/**
 * A service behind its http rules. The order within a call is a grpc-gateway's: route, encodings, timeout and
 * metadata, body, path, query, rpc. What fails before the rpc has executed nothing.
 *
 * @param emit which fields stand in JSON answers besides those that are set
 * @throws HttpRuleError with everything that is wrong with the rules, if anything is
 */
export function serviceGateway<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
  settings: GatewaySettings,
  emit: JsonWriteOptions["emit"] = "unpopulated",
): Served {
  const router = createRouter(compileService(service).values());
  const call: CallSettings = {
    handlers: rpcHandlers(service, implementation),
    onRequest: settings.onRequest,
    registry: settings.registry,
    jsonInt64: settings.jsonInt64,
    emit,
    contentTypes: { protobuf: settings.binaryContentType, json: JSON_MEDIA_TYPE },
  };
  return {
    replies: call,
    names: new Set(service.methods.map(({ name }) => name)),
    find(verb, path, query) {
      return rpcTarget(matched(router, verb, withoutBase(path, settings.basePath)), query, call);
    },
  };
}

function withoutBase(path: string, basePath: string): string {
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : "";
}

function matched(router: Router, verb: string, path: string): RouteMatch {
  const match = asStatusError(() => router.match(verb, path));
  if (match === undefined) throw new StatusError(Code.NotFound, "Not Found");
  if (match === "method-not-allowed") throw new StatusError(Code.Unimplemented, "Method Not Allowed");
  return match;
}

/** What does not fit its message is the caller's fault. */
function asStatusError<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof TranscodingError)) throw cause;
    throw new StatusError(Code.InvalidArgument, cause.message, { cause });
  }
}

interface CallSettings extends ReplySettings {
  readonly handlers: RpcHandlers;
  readonly onRequest: GatewaySettings["onRequest"];
}

function rpcTarget(match: RouteMatch, query: string, settings: CallSettings): Target {
  const { binding } = match;
  const { method } = binding;
  return {
    name: method.name,
    fullName: rpcName(method),
    isBesideService: false,
    execute: (request, encodings) => executeRpc(match, query, request, encodings, settings),
    emptyReply: (encoding) => encodeOutput(binding, create(method.output), encoding, settings),
  };
}

async function executeRpc(
  match: RouteMatch,
  query: string,
  request: ReceivedRequest,
  encodings: Negotiated,
  settings: CallSettings,
): Promise<Reply> {
  const { binding } = match;
  let context: CallContext | undefined;
  try {
    context = new CallContext(binding.method, request);
    if (request.body === undefined) {
      throw new StatusError(Code.ResourceExhausted, "received message larger than max");
    }
    const body = decodeRequestBody(binding, request.body, encodings.request, settings.registry);
    const input = asStatusError(() => readRequest(match, query, body));
    const output = await handled(input, context, settings);
    context.addMetadata("content-type", "application/grpc");
    return context.dress(encodeOutput(binding, output, encodings.response, settings));
  } catch (thrown) {
    const isNo = thrown instanceof StatusError;
    const error = isNo ? thrown : new StatusError(Code.Unknown, "the handler failed");
    const reply = statusReply(error, encodings.response, settings);
    return { ...(context?.dress(reply) ?? reply), ...(!isNo && { thrown }) };
  } finally {
    context?.end();
  }
}

function handled(input: Message, context: CallContext, settings: CallSettings): Promise<Message> {
  const { method } = context;
  return context.unlessAborted(async () => {
    await settings.onRequest?.(context);
    const handler = settings.handlers.get(method);
    if (handler === undefined) {
      throw new StatusError(Code.Unimplemented, `${rpcName(method)} is not implemented`);
    }
    const output = await handler(input, context);
    try {
      return messageFromInit(method.output, output);
    } catch (cause) {
      throw new TypeError(
        `the handler of ${rpcName(method)} gave back no message: ${asError(cause).message}`,
        { cause },
      );
    }
  });
}

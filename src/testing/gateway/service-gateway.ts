import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type DescService,
  type Message,
} from "@bufbuild/protobuf";
import type { JsonWriteOptions } from "../../codecs/json-encoder.ts";
import { messageFromInit } from "../../codecs/message-from-init.ts";
import { asError } from "../../errors/as-error.ts";
import { Code } from "../../errors/code.ts";
import { headerText } from "../../errors/http-headers.ts";
import { compileService } from "../../transcoding/compile-route.ts";
import { isUnary } from "../../transcoding/method-kind.ts";
import { readRequest } from "../../transcoding/read-request.ts";
import { createRouter, type RouteMatch, type Router } from "../../transcoding/router.ts";
import { methodKey, rpcName } from "../../transcoding/rpc-name.ts";
import { TranscodingError } from "../../transcoding/transcoding-error.ts";
import type { ReceivedRequest } from "../server/received-request.ts";
import { CallContext } from "./call-context.ts";
import { decodeRequestBody } from "./decode-request-body.ts";
import { encodeOutput, type ReplySettings } from "./encode-reply.ts";
import type { GatewaySettings } from "./gateway-options.ts";
import type { Negotiated } from "./negotiate.ts";
import type { ServedRoutes, Target } from "./recorded-service.ts";
import type { Reply } from "./reply.ts";
import type { Handler, ServiceImplementation } from "./service-implementation.ts";
import { StatusError } from "./status-error.ts";
import { statusReply } from "./status-reply.ts";

/**
 * Routes requests to a service's handlers by its http rules. A call takes the steps of a grpc-gateway, in its order: route,
 * encodings, timeout and metadata, body, path, query, rpc. If a step before the rpc fails, nothing is executed.
 *
 * @param emit which unset fields JSON responses contain, unless the settings say so
 * @throws HttpRuleError with all problems of the http rules
 */
export function serviceGateway<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
  settings: GatewaySettings,
  emit: JsonWriteOptions["emit"] = "unpopulated",
): ServedRoutes {
  const router = createRouter(compileService(service, settings.httpRules).values());
  const call: CallSettings = {
    handlers: rpcHandlers(service, implementation),
    onRequest: settings.onRequest,
    registry: settings.registry,
    jsonInt64: settings.jsonInt64,
    emit: emitOf(settings.emitUnpopulated) ?? emit,
    useProtoNames: settings.useProtoNames,
    errorFormat: settings.errorFormat,
    errorContentType: settings.errorContentType,
    contentTypes: { protobuf: settings.binaryContentType, json: settings.jsonContentType },
  };
  return {
    replySettings: call,
    rpcNames: new Set(service.methods.map(({ name }) => name)),
    find(verb, path, query) {
      return rpcTarget(matchRoute(router, verb, withoutBasePath(path, settings.basePath)), query, call);
    },
  };
}

function emitOf(emitUnpopulated: boolean | undefined): JsonWriteOptions["emit"] {
  if (emitUnpopulated === undefined) return undefined;
  return emitUnpopulated ? "unpopulated" : "set";
}

type RpcHandlers = ReadonlyMap<DescMethodUnary, Handler<DescMessage, DescMessage>>;

/** @throws TypeError if the implementation has a name that is not a unary rpc, or a value that is not a function */
function rpcHandlers<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
): RpcHandlers {
  const handlers = new Map<DescMethodUnary, Handler<DescMessage, DescMessage>>();
  for (const [name, handler] of Object.entries(implementation)) {
    if (handler === undefined) continue;
    const method = service.methods.find((each) => methodKey(each) === name);
    if (method === undefined || !isUnary(method))
      throw new TypeError(`${service.typeName} has no unary rpc ${name}`);
    if (typeof handler !== "function") throw new TypeError(`${name} must be a function`);
    // The type of ServiceImplementation pairs each handler with its method's messages.
    handlers.set(method, handler as Handler<DescMessage, DescMessage>);
  }
  return handlers;
}

function withoutBasePath(path: string, basePath: string): string {
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : "";
}

function matchRoute(router: Router, verb: string, path: string): RouteMatch {
  const match = asStatusError(() => router.match(verb, path));
  if (match === undefined) throw new StatusError(Code.NotFound, "Not Found");
  if (match === "method-not-allowed") throw new StatusError(Code.Unimplemented, "Method Not Allowed");
  return match;
}

/** Turns a TranscodingError, which the caller's input causes, into `InvalidArgument`. */
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
    context = new CallContext(binding.method as DescMethodUnary, request);
    if (request.body === undefined) {
      throw new StatusError(Code.ResourceExhausted, "received message larger than max");
    }
    const contentType = headerText(context.headers, "content-type") ?? "";
    const body = decodeRequestBody(binding, request.body, contentType, encodings.request, settings.registry);
    const input = asStatusError(() => readRequest(match, query, body));
    const output = await runHandler(input, context, settings);
    context.addMetadata("content-type", "application/grpc");
    return context.addTo(context.withStatus(encodeOutput(binding, output, encodings.response, settings)));
  } catch (thrown) {
    const isStatus = thrown instanceof StatusError;
    const error = isStatus ? thrown : new StatusError(Code.Unknown, "the handler failed");
    const reply = statusReply(error, encodings.response, settings);
    return { ...(context?.addTo(reply) ?? reply), ...(!isStatus && { thrown }) };
  } finally {
    context?.end();
  }
}

function runHandler(input: Message, context: CallContext, settings: CallSettings): Promise<Message> {
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
        `the handler of ${rpcName(method)} did not return a valid message: ${asError(cause).message}`,
        { cause },
      );
    }
  });
}

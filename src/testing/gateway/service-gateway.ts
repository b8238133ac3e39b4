import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { JsonWriteOptions } from "../../codecs/json-encoder.ts";
import { Code } from "../../errors/code.ts";
import { compileService } from "../../transcoding/compile-route.ts";
import { streamsRequests, streamsResponses } from "../../transcoding/method-kind.ts";
import { createRouter, type RouteMatch, type Router } from "../../transcoding/router.ts";
import { methodKey, rpcName } from "../../transcoding/rpc-name.ts";
import { asStatusError, type CallSettings, emptyReply, executeRpc } from "./execute-rpc.ts";
import type { GatewaySettings } from "./gateway-options.ts";
import type { ServedRoutes, Target } from "./recorded-service.ts";
import type { DynamicHandler, ServiceImplementation } from "./service-implementation.ts";
import { StatusError } from "./status-error.ts";

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
    streamFormat: settings.streamFormat,
    maxRequestBytes: settings.maxRequestBytes,
    contentTypes: { protobuf: settings.binaryContentType, json: settings.jsonContentType },
  };
  return {
    replySettings: call,
    rpcNames: new Set(service.methods.map(({ name }) => name)),
    streamingRpcs: new Set(service.methods.filter(streamsResponses).map(({ name }) => name)),
    find(verb, path, query) {
      return rpcTarget(matchRoute(router, verb, withoutBasePath(path, settings.basePath)), query, call);
    },
  };
}

function emitOf(emitUnpopulated: boolean | undefined): JsonWriteOptions["emit"] {
  if (emitUnpopulated === undefined) return undefined;
  return emitUnpopulated ? "unpopulated" : "set";
}

/** @throws TypeError if the implementation has a name that is not an rpc, or a value that is not a function */
function rpcHandlers<Service extends DescService>(
  service: Service,
  implementation: ServiceImplementation<Service>,
): ReadonlyMap<DescMethod, DynamicHandler> {
  const handlers = new Map<DescMethod, DynamicHandler>();
  for (const [name, handler] of Object.entries(implementation)) {
    if (handler === undefined) continue;
    const method = service.methods.find((each) => methodKey(each) === name);
    if (method === undefined) throw new TypeError(`${service.typeName} has no rpc ${name}`);
    if (typeof handler !== "function") throw new TypeError(`${name} must be a function`);
    // The type of ServiceImplementation pairs each handler with its method's messages.
    handlers.set(method, handler as DynamicHandler);
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

function rpcTarget(match: RouteMatch, query: string, settings: CallSettings): Target {
  const { binding } = match;
  const { method } = binding;
  return {
    name: method.name,
    fullName: rpcName(method),
    isBesideService: false,
    takesStream: streamsRequests(method),
    execute: (request, encodings) => executeRpc(match, query, request, encodings, settings),
    emptyReply: (encoding) => emptyReply(binding, encoding, settings),
  };
}

import { create, createRegistry } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { onTestFinished } from "vitest";
import { type HandlerContext, StatusError, startServer } from "../../../src/testing/index.ts";
import { LogService } from "../../gen/streams/v1/streams_pb.js";
import type { LogContext, Logs } from "./log-service.ts";

const registry = createRegistry(StringValueSchema);

/** Serves logs as a grpc-gateway does. */
export async function logGateway(logs: Logs): Promise<{ readonly baseUrl: string }> {
  const server = await startServer(
    LogService,
    {
      follow: (request, context) => gatewayStream(logs.follow(request, logContext(context))),
      append: (requests, context) => logs.append(requests, logContext(context)).catch(rethrow),
      exchange: (requests, context) => gatewayStream(logs.exchange(requests, logContext(context))),
    },
    { registry },
  );
  onTestFinished(() => server.close());
  return server;
}

function logContext(context: HandlerContext): LogContext {
  const { headers, signal } = context;
  const requestHeader = new Headers(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  return { requestHeader, setHeader: (name, value) => context.setHeader(name, value), signal };
}

async function* gatewayStream<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    rethrow(error);
  }
}

function rethrow(error: unknown): never {
  const { code, rawMessage, details } = ConnectError.from(error);
  const messages = details.flatMap((detail) => ("desc" in detail ? [create(detail.desc, detail.value)] : []));
  throw new StatusError(code, rawMessage, { details: messages });
}

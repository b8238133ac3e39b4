import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { HandlerContext, Interceptor, Transport } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";
import { onTestFinished } from "vitest";
import {
  type ConnectTransportOptions,
  createRestTransport,
  type RestConnectTransport,
} from "../../../src/connect/index.ts";
import { LogService } from "../../gen/streams/v1/streams_pb.js";
import { logGateway } from "./log-gateway.ts";
import type { LogContext, Logs } from "./log-service.ts";

/** Connect's own transport over HTTP/2, to a Connect server of these logs. */
export async function connectsOwn(logs: Logs, interceptors: Interceptor[] = []): Promise<Transport> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer(
    connectNodeAdapter({
      interceptors: [],
      routes: (router) =>
        void router.service(LogService, {
          follow: (request, context) => logs.follow(request, logContext(context)),
          append: (requests, context) => logs.append(requests, logContext(context)),
          exchange: (requests, context) => logs.exchange(requests, logContext(context)),
        }),
    }),
  );
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createConnectTransport({ baseUrl, httpVersion: "2", useBinaryFormat: true, interceptors });
}

/** This library's transport, to a gateway of these logs. */
export async function ours(
  logs: Logs,
  interceptors: Interceptor[] = [],
  options: Partial<ConnectTransportOptions> = {},
): Promise<RestConnectTransport> {
  const { baseUrl } = await logGateway(logs);
  const transport = createRestTransport({ baseUrl, retry: false, interceptors, ...options });
  onTestFinished(() => transport.close());
  return transport;
}

/** Both transports, for tests of what is alike. */
export const transports = { "Connect's own": connectsOwn, ours } as const;

function logContext({ requestHeader, responseHeader, signal }: HandlerContext): LogContext {
  return { requestHeader, setHeader: (name, value) => responseHeader.set(name, value), signal };
}

import { Pool } from "undici";
import { onTestFinished } from "vitest";
import { LibraryService } from "../../../examples/gen/library/v1/library_pb.js";
import { JobsClient, type JobsClientOptions } from "../../../src/index.ts";
import {
  type Client,
  createClient,
  createRestTransport,
  type RestTransportOptions,
} from "../../../src/transport.ts";
import { FileService } from "../../gen/files/v1/files_pb.js";
import { StoreService } from "../../gen/stores/v1/stores_pb.js";
import { LogService } from "../../gen/streams/v1/streams_pb.js";
import { startNginx } from "../nginx/start-nginx.ts";
import { type Gateway, type GatewaySettings, startGateway } from "./gateway.ts";

export const encodings = ["protobuf", "json"] as const;
export type Encoding = (typeof encodings)[number];

/** A gateway with clients whose retries do not delay the test. */
export interface Peer {
  readonly gateway: Gateway;
  jobs(options?: Partial<JobsClientOptions>): JobsClient;
  library(options?: Partial<RestTransportOptions>): Client<typeof LibraryService>;
  stores(options?: Partial<RestTransportOptions>): Client<typeof StoreService>;
  files(options?: Partial<RestTransportOptions>): Client<typeof FileService>;
  logs(options?: Partial<RestTransportOptions>): Client<typeof LogService>;
}

/**
 * Starts a gateway for one test, with nginx in front of it when scripts/test-interop.mjs runs the suite through nginx. The
 * gateway and its clients are closed after the test.
 */
export async function startPeer(settings: GatewaySettings = {}): Promise<Peer> {
  const gateway = await startGateway(settings);
  onTestFinished(() => gateway.close());
  const isProxied = process.env.INTEROP_PROXY === "nginx";
  return peerOf(gateway, isProxied ? await startNginx({ upstream: gateway.origin }) : gateway.origin);
}

/** Makes clients of a gateway with another origin that leads to it. */
export function peerOf(gateway: Gateway, origin: string): Peer {
  const common = () => ({
    retry: { initialBackoffMs: 1, maxBackoffMs: 2 },
    ...(origin.startsWith("https:") &&
      gateway.certificate !== undefined && { dispatcher: trusting(gateway.certificate, origin) }),
  });
  const transport = (options: Partial<RestTransportOptions> = {}) => {
    const made = createRestTransport({ baseUrl: origin, ...common(), ...options });
    onTestFinished(() => made.close());
    return made;
  };
  return {
    gateway,
    jobs(options = {}) {
      const baseUrl = `${origin}/v1/customer`;
      const client = new JobsClient({
        baseUrl,
        accessToken: gateway.accessToken,
        ...common(),
        ...options,
      } as JobsClientOptions);
      onTestFinished(() => client.close());
      return client;
    },
    library: (options) => createClient(LibraryService, transport(options)),
    stores: (options) => createClient(StoreService, transport(options)),
    files: (options) => createClient(FileService, transport(options)),
    logs: (options) => createClient(LogService, transport(options)),
  };
}

function trusting(certificate: string, origin: string): Pool {
  const pool = new Pool(origin, { connections: 64, connect: { ca: certificate } });
  onTestFinished(() => pool.destroy());
  return pool;
}

import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import { AccessTokens } from "./access-tokens.ts";
import { checkToken } from "./check-token.ts";
import { startEmbeddedServer } from "./embedded-server.ts";
import type { Fault } from "./faults.ts";
import { type Execution, jobHandlers } from "./job-handlers.ts";
import { type Job, JobStore } from "./job-store.ts";
import { type RefusalFault, refusalMessage } from "./refusal-fault.ts";
import type { ServerHandle } from "./server-handle.ts";
import { type ServerOptions, serverSettings } from "./server-options.ts";
import { serviceGateway } from "./service-gateway.ts";
import { TokenExchange } from "./token-exchange.ts";

/** How an embedded ByteNite is set up. */
export interface JobsServerOptions extends Omit<ServerOptions, "registry"> {
  /** The jobs that exist from the start, as drafts. */
  readonly jobs?: readonly string[] | undefined;
  /** A token that is always good. @default "test-access-token" */
  readonly accessToken?: string | undefined;
  /** The key that can be exchanged for tokens. @default "test-api-key" */
  readonly apiKey?: string | undefined;
  /** How long a token from an exchange is good, in seconds. @default 3_600 */
  readonly tokenLifetimeSeconds?: number | undefined;
  /** The clock by which tokens end, in milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** The rpcs of `Customer`, and `AccessToken` for the exchange of an API key, as faults call them. */
export type JobsRpc = "RunJob" | "AbortJob" | "DeleteJob" | "AccessToken";

/** An embedded ByteNite that runs. */
export interface JobsServer extends ServerHandle<Fault | RefusalFault, JobsRpc> {
  /** A token that is always good. */
  readonly accessToken: string;
  /** The key that can be exchanged for tokens. */
  readonly apiKey: string;
  /** Where it is exchanged. */
  readonly tokenUrl: string;
  /** How many times it was. */
  readonly tokenExchanges: number;
  /** What was really done, in order. A call that was refused is not in it. */
  readonly executions: readonly Execution[];
  /** Makes a job, as a draft. */
  addJob(id: string): void;
  /** A job as it is now, also a deleted one. */
  job(id: string): Job | undefined;
  /** A new token, as an exchange gives it. */
  issueToken(): string;
  /** Ends every token that was issued; `accessToken` stays good. */
  revokeTokens(): void;
}

const own: readonly Exclude<keyof JobsServerOptions, keyof ServerOptions>[] = [
  "jobs",
  "accessToken",
  "apiKey",
  "tokenLifetimeSeconds",
  "now",
];

/** Starts an embedded ByteNite: a real HTTP server on loopback, over a store of jobs. */
export async function startJobsServer(options: JobsServerOptions = {}): Promise<JobsServer> {
  const { accessToken = "test-access-token", apiKey = "test-api-key", onRequest } = options;
  const store = new JobStore();
  for (const id of options.jobs ?? []) store.add(id);
  const { tokenLifetimeSeconds: lifetimeSeconds = 3_600, now = Date.now } = options;
  const tokens = new AccessTokens({ accessToken, apiKey, lifetimeSeconds, now });
  const executions: Execution[] = [];
  const settings = serverSettings(
    {
      ...options,
      basePath: options.basePath ?? "/v1/customer",
      async onRequest(context) {
        checkToken(context, tokens);
        await onRequest?.(context);
      },
    },
    own,
  );
  const gateway = serviceGateway(Customer, jobHandlers(store, executions, settings.recordLimit), settings);
  const exchange = new TokenExchange(tokens, tokenPath(settings.basePath), gateway.replies);
  const server = await startEmbeddedServer(
    {
      replies: gateway.replies,
      names: new Set([...gateway.names, exchange.name]),
      find: (verb, path, query) =>
        path === exchange.path ? exchange.at(verb) : gateway.find(verb, path, query),
    },
    settings,
  );
  return {
    baseUrl: server.baseUrl,
    port: server.port,
    requests: server.requests,
    accessToken,
    apiKey,
    tokenUrl: new URL(exchange.path, server.baseUrl).href,
    executions,
    get connections() {
      return server.connections;
    },
    get tokenExchanges() {
      return exchange.count;
    },
    addJob: (id) => store.add(id),
    job: (id) => store.get(id),
    issueToken: () => tokens.issue(),
    revokeTokens: () => tokens.revoke(),
    received: server.received,
    fault: (fault, scope) => server.fault(fault.kind === "refusal" ? refusalMessage(fault) : fault, scope),
    clearFaults: server.clearFaults,
    closeIdleConnections: server.closeIdleConnections,
    close: server.close,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}

/** `../auth/access_token`, seen from the base path. */
function tokenPath(basePath: string): string {
  return `${basePath.slice(0, basePath.lastIndexOf("/"))}/auth/access_token`;
}

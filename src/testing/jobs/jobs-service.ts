import { Customer } from "../../../gen/bytenite/customer/customer_pb.js";
import type { FaultScope, MemoryFault } from "../faults/faults.ts";
import { messageFaultOf, type RefusalFault } from "../faults/refusal-fault.ts";
import type { GatewayOptions, GatewaySettings } from "../gateway/gateway-options.ts";
import type { ServedRoutes } from "../gateway/recorded-service.ts";
import { serviceGateway } from "../gateway/service-gateway.ts";
import type { TestServer } from "../server/server-handle.ts";
import { AccessTokens } from "./access-tokens.ts";

import { type Execution, jobHandlers } from "./job-handlers.ts";
import { type Job, JobStore } from "./job-store.ts";
import { TokenExchange } from "./token-exchange.ts";

/** The options of a ByteNite test server, besides those of any server. */
export interface JobsOptions {
  /** The ids of the jobs that exist from the start, as drafts. */
  readonly jobs?: readonly string[] | undefined;
  /** A token that is always valid. @default "test-access-token" */
  readonly accessToken?: string | undefined;
  /** The API key that a client can exchange for tokens. @default "test-api-key" */
  readonly apiKey?: string | undefined;
  /** The lifetime of a token from an exchange, in seconds. @default 3_600 */
  readonly tokenLifetimeSeconds?: number | undefined;
  /** The clock for the expiry of tokens, in milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** The names of {@link JobsOptions}. */
export const jobsOptionNames: readonly (keyof JobsOptions)[] = [
  "jobs",
  "accessToken",
  "apiKey",
  "tokenLifetimeSeconds",
  "now",
];

/** The rpc names in fault scopes: those of `Customer`, and `AccessToken` for the exchange of an API key. */
export type JobsRpc = "RunJob" | "AbortJob" | "DeleteJob" | "AccessToken";

/** The jobs and tokens of a ByteNite test server. */
export interface JobsControls {
  /** A token that is always valid. */
  readonly accessToken: string;
  /** The API key that a client can exchange for tokens. */
  readonly apiKey: string;
  /** The URL of the token exchange. */
  readonly tokenUrl: string;
  /** How many times the API key was exchanged. */
  readonly tokenExchanges: number;
  /** The rpcs that the server executed, in order, without failed calls. */
  readonly executions: readonly Execution[];
  /** Adds a job, as a draft. */
  addJob(id: string): void;
  /** Returns the current state of a job, also of a deleted one. */
  job(id: string): Job | undefined;
  /** Issues a token, as the exchange does. */
  issueToken(): string;
  /** Revokes all issued tokens; `accessToken` stays valid. */
  revokeTokens(): void;
}

/** ByteNite's rpcs with a store of jobs, and the exchange of API keys. */
export interface JobsService<Settings> {
  readonly routes: ServedRoutes;
  readonly settings: Settings;
  /** Adds jobs, tokens and refusal faults to a server's handle. */
  handle<Server extends TestServer>(server: Server): JobsHandle<Server>;
}

/** A server's handle with jobs, tokens and refusal faults. */
export type JobsHandle<Server extends TestServer> = Omit<Server, "fault"> &
  JobsControls & {
    fault(fault: Parameters<Server["fault"]>[0] | RefusalFault, scope?: FaultScope<JobsRpc>): void;
  };

/** @param settingsOf validates the options of the server */
export function jobsService<Options extends GatewayOptions, Settings extends GatewaySettings>(
  options: Options & JobsOptions,
  settingsOf: (options: Options) => Settings,
): JobsService<Settings> {
  const { accessToken = "test-access-token", apiKey = "test-api-key", onRequest } = options;
  const store = new JobStore();
  for (const id of options.jobs ?? []) store.add(id);
  const { tokenLifetimeSeconds: lifetimeSeconds = 3_600, now = Date.now } = options;
  const tokens = new AccessTokens({ accessToken, apiKey, lifetimeSeconds, now });
  const executions: Execution[] = [];
  const settings = settingsOf({
    ...options,
    basePath: options.basePath ?? "/v1/customer",
    jsonInt64: options.jsonInt64 ?? "number",
    async onRequest(context) {
      tokens.authenticate(context);
      await onRequest?.(context);
    },
  });
  const handlers = jobHandlers(store, executions, settings.recordLimit);
  // ByteNite's API description has no null: an unset `error` is omitted.
  const gateway = serviceGateway(Customer, handlers, settings, "defaults");
  const exchange = new TokenExchange(tokens, tokenPath(settings.basePath), gateway.replySettings);
  const controls = (baseUrl: string): JobsControls => ({
    accessToken,
    apiKey,
    tokenUrl: new URL(exchange.path, baseUrl).href,
    executions,
    get tokenExchanges() {
      return exchange.count;
    },
    addJob: (id) => store.add(id),
    job: (id) => store.get(id),
    issueToken: () => tokens.issue(),
    revokeTokens: () => tokens.revoke(),
  });
  return {
    settings,
    routes: {
      replySettings: gateway.replySettings,
      rpcNames: new Set([...gateway.rpcNames, exchange.name]),
      streamingRpcs: gateway.streamingRpcs,
      find: (verb, path, query) =>
        path === exchange.path ? exchange.forVerb(verb) : gateway.find(verb, path, query),
    },
    handle: (server) => withJobs(server, controls(server.baseUrl)),
  };
}

/** Combines both in one object. Copies property descriptors, so that getters stay live. */
function withJobs<Server extends TestServer>(server: Server, controls: JobsControls): JobsHandle<Server> {
  const fault = (fault: MemoryFault | RefusalFault, scope?: FaultScope) =>
    (server as TestServer<MemoryFault>).fault(
      fault.kind === "refusal" ? messageFaultOf(fault) : fault,
      scope,
    );
  return Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(server),
      ...Object.getOwnPropertyDescriptors(controls),
      fault: { value: fault, enumerable: true },
    },
  ) as JobsHandle<Server>;
}

/** `../auth/access_token`, relative to the base path. */
function tokenPath(basePath: string): string {
  return `${basePath.slice(0, basePath.lastIndexOf("/"))}/auth/access_token`;
}

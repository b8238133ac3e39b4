import { Customer } from "../../../gen/bytenite/customer/customer_pb.js";
import type { FaultScope, MemoryFault } from "../faults/faults.ts";
import { type RefusalFault, refusalMessage } from "../faults/refusal-fault.ts";
import type { GatewayOptions, GatewaySettings } from "../gateway/gateway-options.ts";
import type { Served } from "../gateway/recorded-service.ts";
import { serviceGateway } from "../gateway/service-gateway.ts";
import type { TestServer } from "../server/server-handle.ts";
import { AccessTokens } from "./access-tokens.ts";
import { checkToken } from "./check-token.ts";
import { type Execution, jobHandlers } from "./job-handlers.ts";
import { type Job, JobStore } from "./job-store.ts";
import { TokenExchange } from "./token-exchange.ts";

/** What a ByteNite for tests has, besides the options of its server. */
export interface JobsOptions {
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

/** The names of {@link JobsOptions}. */
export const jobsOptionNames: readonly (keyof JobsOptions)[] = [
  "jobs",
  "accessToken",
  "apiKey",
  "tokenLifetimeSeconds",
  "now",
];

/** The rpcs of `Customer`, and `AccessToken` for the exchange of an API key, as faults call them. */
export type JobsRpc = "RunJob" | "AbortJob" | "DeleteJob" | "AccessToken";

/** The jobs and tokens of a ByteNite for tests. */
export interface JobsControls {
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

/** ByteNite's rpcs over a store of jobs, and the exchange of API keys. */
export interface JobsService<Settings> {
  readonly served: Served;
  readonly settings: Settings;
  /** A server of it, with what belongs to jobs. */
  handle<Server extends TestServer>(server: Server): JobsHandle<Server>;
}

/** A server that also has jobs, tokens and the faults that belong to them. */
export type JobsHandle<Server extends TestServer> = Omit<Server, "fault"> &
  JobsControls & {
    fault(fault: Parameters<Server["fault"]>[0] | RefusalFault, scope?: FaultScope<JobsRpc>): void;
  };

/** @param settingsOf checks the options of the server */
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
      checkToken(context, tokens);
      await onRequest?.(context);
    },
  });
  const handlers = jobHandlers(store, executions, settings.recordLimit);
  // The description of ByteNite's API has no null: an error that is not there is left out.
  const gateway = serviceGateway(Customer, handlers, settings, "defaults");
  const exchange = new TokenExchange(tokens, tokenPath(settings.basePath), gateway.replies);
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
    served: {
      replies: gateway.replies,
      names: new Set([...gateway.names, exchange.name]),
      find: (verb, path, query) =>
        path === exchange.path ? exchange.at(verb) : gateway.find(verb, path, query),
    },
    handle: (server) => withJobs(server, controls(server.baseUrl)),
  };
}

/** Both in one object. What they count goes on counting. */
function withJobs<Server extends TestServer>(server: Server, controls: JobsControls): JobsHandle<Server> {
  const fault = (fault: MemoryFault | RefusalFault, scope?: FaultScope) =>
    (server as TestServer<MemoryFault>).fault(
      fault.kind === "refusal" ? refusalMessage(fault) : fault,
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

/** `../auth/access_token`, seen from the base path. */
function tokenPath(basePath: string): string {
  return `${basePath.slice(0, basePath.lastIndexOf("/"))}/auth/access_token`;
}

import { create } from "@bufbuild/protobuf";
import {
  AbortJobRequestSchema,
  Customer,
  RunJobRequestSchema,
} from "../../gen/bytenite/customer/customer_pb.js";
import { exchangedWithin, resolveValuesWithin } from "../client/attempt.ts";
import { headersOf } from "../client/call-headers.ts";
import type { Connections } from "../client/connections.ts";
import type { ResolvedValues } from "../client/dynamic-values.ts";
import { withResolvedParameters } from "../client/request-query.ts";
import type { TransportSettings } from "../client/rest-transport-options.ts";
import { JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import { worseOutcome } from "../errors/outcome.ts";
import { RpcError } from "../errors/rpc-error.ts";
import type { CallScope } from "../policies/call-scope.ts";
import type { AttemptFailure } from "../responses/attempt-failure.ts";
import { Redactor } from "../responses/redactor.ts";
import { compileRoute } from "../transcoding/compile-route.ts";
import { requestTarget } from "../transcoding/request-target.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { VERSION } from "../version.ts";
import { BROKEN_JSON } from "./probe-bodies.ts";
import type { ProbeHeaders } from "./probe-headers.ts";
import type { Evidence } from "./probe-report.ts";
import { noResponse, type ProbeResponse, readResponse } from "./probe-response.ts";

/** One request of a probe. It is always about the job that does not exist. */
interface ProbeRequest {
  readonly rpc: "run" | "abort";
  /** Sends it to another path, which the API does not have. */
  readonly isElsewhere?: boolean;
  /** The value of `Accept`. */
  readonly accept: string;
  readonly body?: { readonly contentType: string; readonly bytes: Uint8Array };
  /** The value of the deadline header. */
  readonly timeout?: string;
  /** Replaces the user's token. */
  readonly token?: "none" | "wrong";
}

/** A request and its response. */
export interface Exchange extends Evidence {
  /** The method and the URL, without the id. */
  readonly where: string;
  readonly response: ProbeResponse;
}

/** Thrown when the server responds with 2xx to a request that it should reject. It ends the probe. */
export class Accepted {
  readonly exchange: Exchange;
  /** Whether the API's own message says that the request was accepted. */
  readonly isCertain: boolean;

  constructor(exchange: Exchange, isCertain: boolean) {
    this.exchange = exchange;
    this.isCertain = isCertain;
  }
}

/** The options of a {@link Prober}. */
export interface ProberContext {
  readonly settings: TransportSettings;
  readonly headers: ProbeHeaders;
  readonly connections: Connections;
  readonly scope: CallScope;
}

const routes = {
  run: { route: compileRoute(Customer.method.runJob), schema: RunJobRequestSchema },
  abort: { route: compileRoute(Customer.method.abortJob), schema: AbortJobRequestSchema },
} as const;

/** Sends requests in sequence, directly over HTTP: without retries, JSON fallback and redirects. */
export class Prober {
  /** The id of the job that does not exist. */
  jobId: string;
  #requests = 0;
  #redactor: Redactor;
  #rejectsWith2xx = false;
  readonly #context: ProberContext;

  constructor(jobId: string, context: ProberContext) {
    this.jobId = jobId;
    this.#context = context;
    this.#redactor = new Redactor(context.headers.secrets);
  }

  /** The number of requests so far. */
  get requests(): number {
    return this.#requests;
  }

  /** The media type for binary. */
  get protobuf(): string {
    return this.#context.settings.protobufMediaType;
  }

  /** Runs the job that does not exist, with a JSON body. */
  runInJson(body: Uint8Array | string, accept = JSON_MEDIA_TYPE): Promise<Exchange> {
    return this.#send({
      rpc: "run",
      accept,
      body: { contentType: JSON_MEDIA_TYPE, bytes: Buffer.from(body) },
    });
  }

  /** Sends a malformed JSON body to a path that the API does not have. */
  runBrokenElsewhere(): Promise<Exchange> {
    const body = { contentType: JSON_MEDIA_TYPE, bytes: BROKEN_JSON };
    return this.#send({ rpc: "run", isElsewhere: true, accept: JSON_MEDIA_TYPE, body });
  }

  /** Runs the job that does not exist, with a binary body. */
  runInBinary(bytes: Uint8Array): Promise<Exchange> {
    const { protobuf } = this;
    return this.#send({ rpc: "run", accept: protobuf, body: { contentType: protobuf, bytes } });
  }

  /** Aborts the job that does not exist. */
  abort(accept: string, more: Pick<ProbeRequest, "timeout" | "token"> = {}): Promise<Exchange> {
    return this.#send({ rpc: "abort", accept, ...more });
  }

  /**
   * @throws Accepted if the server may have accepted the request
   * @throws RpcError if the first request got no response, there is no token, or the deadline passes
   */
  async #send(request: ProbeRequest): Promise<Exchange> {
    const { scope, settings, connections } = this.#context;
    const { query } = this.#context.headers;
    const { rpc, body, isElsewhere } = request;
    const { route, schema } = routes[rpc];
    const { binding, target: path } = requestTarget(route, create(schema, { jobId: this.jobId }));
    const target = isElsewhere === true ? path.replace(/[^/]+$/, ELSEWHERE) : path;
    const values = await this.#resolveValues(request);
    const { origin, pathPrefix } = settings.baseUrl;
    const result = await exchangedWithin(scope, connections.to(origin), {
      origin,
      verb: binding.verb,
      target: withResolvedParameters(pathPrefix + query.appendTo(target), values),
      headers: this.#headersOf(request, values),
      body: body === undefined || body.bytes.length === 0 ? null : body.bytes,
      idempotent: false,
      maxResponseBytes: settings.maxResponseBytes,
    });
    this.#requests++;
    const response = this.#responseOf(rpc, result);
    const shownTarget = target.replace(encodeURIComponent(this.jobId), "…");
    const exchange = {
      asked: this.#describe(request, `${binding.verb} ${shownTarget}`),
      where: `${binding.verb} ${origin}${pathPrefix}${shownTarget}`,
      answered: response.summary,
      response,
    };
    if (this.#mayBeAccepted(response)) throw new Accepted(exchange, response.message?.ok === true);
    return exchange;
  }

  async #resolveValues({ rpc, token }: ProbeRequest): Promise<ResolvedValues> {
    const { scope, headers } = this.#context;
    const dynamic = token === undefined ? [headers.token, ...headers.dynamic] : headers.dynamic;
    const values = await resolveValuesWithin(scope, dynamic);
    if ("init" in values) throw this.#errorOf(rpc, values, this.#requests);
    // Any header of the user may hold a secret.
    this.#redactor = this.#redactor.and([...values.values()]);
    return values;
  }

  #headersOf({ accept, body, timeout, token }: ProbeRequest, values: ResolvedValues): string[] {
    const { settings, headers } = this.#context;
    const list = ["accept", accept];
    if (!settings.headers.has("user-agent")) list.push("user-agent", `bytenite-jobs/${VERSION} probe`);
    if (body !== undefined) list.push("content-type", body.contentType);
    if (timeout !== undefined) list.push(settings.timeoutHeader ?? "grpc-timeout", timeout);
    if (token === "wrong") list.push(headers.token.name, WRONG_TOKEN);
    list.push(...headers.fixed, ...headersOf(values));
    return list;
  }

  #responseOf(rpc: ProbeRequest["rpc"], result: Awaited<ReturnType<typeof exchangedWithin>>): ProbeResponse {
    if (!("init" in result)) {
      return readResponse(this.#redactor.redactResponse(result), this.#context.settings.protobufMediaType);
    }
    // A single lost response is a finding. An unreachable server, and the end of the probe, are errors.
    const isLost = this.#requests === 1 || result.init.outcome === "not_sent";
    if (isLost || this.#context.scope.end !== undefined) {
      throw this.#errorOf(rpc, result, this.#requests - 1);
    }
    return noResponse(this.#redactor.redactFailure(result).init.reason);
  }

  /** @param responses the number of responses before */
  #errorOf(rpc: ProbeRequest["rpc"], failure: AttemptFailure, responses: number): RpcError {
    const { init } = this.#redactor.redactFailure(failure);
    const outcome = responses > 0 ? worseOutcome(init.outcome, "rejected") : init.outcome;
    const method = rpcName(Customer.method[rpc === "run" ? "runJob" : "abortJob"]);
    return new RpcError({ ...init, outcome, method, attempts: this.#requests });
  }

  /**
   * Whether a response may mean that the server accepted the request: a 2xx, unless its GenericResponse reports an error. In
   * binary, where `ok: false` cannot be told from an absent `ok`, that counts only if the server did the same in JSON before.
   */
  #mayBeAccepted({ status = 0, encoding, message }: ProbeResponse): boolean {
    if (status < 200 || status >= 300) return false;
    if (message === undefined || message.ok || (message.message === "" && message.error === undefined)) {
      return true;
    }
    if (encoding === "json") this.#rejectsWith2xx = true;
    return !this.#rejectsWith2xx;
  }

  #describe({ accept, body, timeout, token }: ProbeRequest, verbAndPath: string): string {
    const parts = [verbAndPath];
    if (body !== undefined) parts.push(`${body.contentType} ${bodyText(body.contentType, body.bytes)}`);
    parts.push(`accept ${accept}`);
    if (timeout !== undefined)
      parts.push(`${this.#context.settings.timeoutHeader ?? "grpc-timeout"} ${timeout}`);
    if (token !== undefined) parts.push(token === "none" ? "without a token" : "with a wrong token");
    return parts.join(", ");
  }
}

/** Replaces the rpc's name in a path that the API does not have. */
const ELSEWHERE = "no-such-method";

/** A token that was never issued. */
const WRONG_TOKEN = "bytenite-jobs-probe";

function bodyText(contentType: string, bytes: Uint8Array): string {
  if (contentType === JSON_MEDIA_TYPE) return Buffer.from(bytes).toString("utf8");
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/(..)(?=.)/g, "$1 ");
}

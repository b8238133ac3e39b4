import { create } from "@bufbuild/protobuf";
import {
  AbortJobRequestSchema,
  Customer,
  RunJobRequestSchema,
} from "../../gen/bytenite/customer/customer_pb.js";
import { exchangedWithin, resolveHeadersWithin } from "../client/attempt.ts";
import type { Connections } from "../client/connections.ts";
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
import type { ProbeHeaders } from "./probe-credential.ts";
import type { Evidence } from "./probe-report.ts";
import { type Answer, noAnswer, readResponse } from "./probe-response.ts";

/** One request of a probe. It is always about the job that does not exist. */
export interface Question {
  readonly rpc: "run" | "abort";
  /** Asks at a path beside that of the rpc, which the API does not have. */
  readonly isElsewhere?: boolean;
  /** The one value of `Accept`. */
  readonly accept: string;
  readonly body?: { readonly contentType: string; readonly bytes: Uint8Array };
  /** Sent as the header that carries deadlines. */
  readonly timeout?: string;
  /** The caller's own, unless it says otherwise. */
  readonly token?: "none" | "wrong";
}

/** A question and its answer. */
export interface Exchange extends Evidence {
  /** The method and the whole URL, with the id left out. */
  readonly where: string;
  readonly answer: Answer;
}

/** Thrown when the server answered 2xx to what nobody should accept. The probe ends at once. */
export class Stopped {
  readonly exchange: Exchange;
  /** Whether the API's own message says that it was accepted; otherwise it may have been. */
  readonly isAccepted: boolean;

  constructor(exchange: Exchange, isAccepted: boolean) {
    this.exchange = exchange;
    this.isAccepted = isAccepted;
  }
}

/** What an prober works with. */
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

const nothing: ReadonlySet<string> = new Set();

/** Asks one question after the other, over the bare wire: nothing is asked twice, in another encoding, or followed. */
export class Prober {
  /** The job that does not exist. */
  jobId: string;
  #requests = 0;
  #secrets: Redactor;
  #saysNoWith2xx = false;
  readonly #context: ProberContext;

  constructor(jobId: string, context: ProberContext) {
    this.jobId = jobId;
    this.#context = context;
    this.#secrets = new Redactor(context.headers.secrets);
  }

  /** How many requests were made. */
  get requests(): number {
    return this.#requests;
  }

  /** What binary is called on the wire. */
  get protobuf(): string {
    return this.#context.settings.protobufMediaType;
  }

  /**
   * @throws Stopped if the server may have accepted the request
   * @throws RpcError if the first request got no answer, there is no token, or the time is over
   */
  async ask(question: Question): Promise<Exchange> {
    const { scope, settings, connections } = this.#context;
    const { rpc, body, isElsewhere } = question;
    const { route, schema } = routes[rpc];
    const { binding, target: path } = requestTarget(route, create(schema, { jobId: this.jobId }));
    const target = isElsewhere === true ? path.replace(/[^/]+$/, ELSEWHERE) : path;
    const headers = await this.#headersOf(question);
    const { origin, pathPrefix } = settings.baseUrl;
    const result = await exchangedWithin(scope, connections.to(origin), {
      origin,
      verb: binding.verb,
      target: pathPrefix + target,
      headers,
      body: body === undefined || body.bytes.length === 0 ? null : body.bytes,
      idempotent: false,
      maxResponseBytes: settings.maxResponseBytes,
    });
    this.#requests++;
    const answer = this.#answerTo(rpc, result);
    const shown = target.replace(encodeURIComponent(this.jobId), "…");
    const exchange = {
      asked: this.#describe(question, `${binding.verb} ${shown}`),
      where: `${binding.verb} ${origin}${pathPrefix}${shown}`,
      answered: answer.words,
      answer,
    };
    if (this.#mayBeAccepted(answer)) throw new Stopped(exchange, answer.message?.ok === true);
    return exchange;
  }

  async #headersOf({ rpc, accept, body, timeout, token }: Question): Promise<string[]> {
    const { scope, settings, headers } = this.#context;
    const asks = token === undefined ? [headers.token, ...headers.asked] : headers.asked;
    const values = await resolveHeadersWithin(scope, asks, nothing);
    if ("init" in values) throw this.#errorOf(rpc, values, this.#requests);
    // A header of the caller's own may hold a secret whatever its name is.
    this.#secrets = this.#secrets.and([...values.values()]);
    const list = ["accept", accept];
    if (!settings.headers.has("user-agent")) list.push("user-agent", `bytenite-jobs/${VERSION} probe`);
    if (body !== undefined) list.push("content-type", body.contentType);
    if (timeout !== undefined) list.push(settings.timeoutHeader ?? "grpc-timeout", timeout);
    if (token === "wrong") list.push(headers.token.name, WRONG_TOKEN);
    list.push(...headers.fixed, ...[...values].flat());
    return list;
  }

  #answerTo(rpc: Question["rpc"], result: Awaited<ReturnType<typeof exchangedWithin>>): Answer {
    if (!("init" in result)) {
      return readResponse(this.#secrets.redactResponse(result), this.#context.settings.protobufMediaType);
    }
    // What one request broke is a finding; a server that cannot be reached, or a probe that is over, is an error.
    const isLost = this.#requests === 1 || result.init.outcome === "not_sent";
    if (isLost || this.#context.scope.end !== undefined) {
      throw this.#errorOf(rpc, result, this.#requests - 1);
    }
    return noAnswer(this.#secrets.redactFailure(result).init.reason);
  }

  /** @param answered how many requests were answered before */
  #errorOf(rpc: Question["rpc"], failure: AttemptFailure, answered: number): RpcError {
    const { init } = this.#secrets.redactFailure(failure);
    const outcome = answered > 0 ? worseOutcome(init.outcome, "rejected") : init.outcome;
    const method = rpcName(Customer.method[rpc === "run" ? "runJob" : "abortJob"]);
    return new RpcError({ ...init, outcome, method, attempts: this.#requests });
  }

  /**
   * A 2xx may mean that a job was run, or stopped, that does not exist, unless it holds a GenericResponse that says
   * no. That is only believed in binary, where an absent `ok` is no word, if the same was said in JSON before.
   */
  #mayBeAccepted({ status = 0, encoding, message }: Answer): boolean {
    if (status < 200 || status >= 300) return false;
    if (message === undefined || message.ok || (message.message === "" && message.error === undefined)) {
      return true;
    }
    if (encoding === "json") this.#saysNoWith2xx = true;
    return !this.#saysNoWith2xx;
  }

  #describe({ accept, body, timeout, token }: Question, verbAndPath: string): string {
    const parts = [verbAndPath];
    if (body !== undefined) parts.push(`${body.contentType} ${shown(body.contentType, body.bytes)}`);
    parts.push(`accept ${accept}`);
    if (timeout !== undefined)
      parts.push(`${this.#context.settings.timeoutHeader ?? "grpc-timeout"} ${timeout}`);
    if (token !== undefined) parts.push(token === "none" ? "without a token" : "with a wrong token");
    return parts.join(", ");
  }
}

/** What stands in the place of the rpc's name where there is no rpc. */
const ELSEWHERE = "no-such-method";

/** In the place of a token: one that nobody was given. */
const WRONG_TOKEN = "bytenite-jobs-probe";

function shown(contentType: string, bytes: Uint8Array): string {
  if (contentType === JSON_MEDIA_TYPE) return Buffer.from(bytes).toString("utf8");
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/(..)(?=.)/g, "$1 ");
}

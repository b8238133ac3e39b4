import type { DescMessage, DescMethodUnary } from "@bufbuild/protobuf";
import type { GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import {
  type AbortJobRequest,
  AbortJobRequestSchema,
  Customer,
  type DeleteJobRequest,
  DeleteJobRequestSchema,
  type RunJobRequest,
  RunJobRequestSchema,
} from "../../gen/bytenite/customer/customer_pb.js";
import type { CallOptions } from "../client/call-options.ts";
import { Connections } from "../client/connections.ts";
import { redactorOf, type UnaryResponse } from "../client/interceptor.ts";
import { createTransport, type Engine } from "../client/rest-transport.ts";
import { type RestTransportOptions, transportSettings } from "../client/rest-transport-options.ts";
import { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { type Outcome, worseOutcome } from "../errors/outcome.ts";
import { validateService } from "../transcoding/compile-route.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { checkedJobConfig, type JobConfigInit } from "./job-config.ts";
import {
  type AccessTokenOption,
  type ApiKeyOptions,
  type JobsCredential,
  jobsCredential,
} from "./jobs-credential.ts";
import { genericResponseBody, JobsError, statusInfoOfResponse } from "./jobs-error.ts";

/** The default base URL of ByteNite's API. */
export const BYTENITE_BASE_URL = "https://api.bytenite.com/v1/customer";

/** The options of a {@link JobsClient}: those of a transport, and a credential. */
export type JobsClientOptions = JobsTransportOptions & (AccessTokenOption | ApiKeyOptions);

/** A transport's options, with ByteNite's base URL as the default. */
export interface JobsTransportOptions extends Omit<RestTransportOptions, "baseUrl" | "jsonInt64"> {
  /**
   * The URL of the API, with the path before `/jobs`.
   *
   * @default "https://api.bytenite.com/v1/customer"
   */
  readonly baseUrl?: string | URL | undefined;
  /**
   * How 64-bit integers are written in JSON bodies. ByteNite's API description defines them as numbers.
   *
   * @default "number"
   */
  readonly jsonInt64?: "string" | "number" | undefined;
}

/**
 * Runs, stops and deletes ByteNite jobs.
 *
 * A method resolves only if ByteNite's response is `ok`. It rejects with a {@link JobsError} if ByteNite responds with a
 * GenericResponse that is not `ok`, and with an {@link RpcError} in all other cases.
 */
export class JobsClient {
  readonly #engine: Engine;
  readonly #credential: JobsCredential;

  /**
   * @throws RpcError `InvalidArgument` that names the option, if one is invalid
   * @throws HttpRuleError with all problems, if `httpRules` do not fit the messages of the jobs API
   */
  constructor(options: JobsClientOptions) {
    if (typeof options !== "object" || options === null) throw invalidArgument("options must be an object");
    const { accessToken, apiKey, tokenUrl, baseUrl = BYTENITE_BASE_URL, ...rest } = options;
    const settings = transportSettings({ ...rest, baseUrl, jsonInt64: rest.jsonInt64 ?? "number" });
    if (rest.httpRules !== undefined) validateService(Customer, settings.httpRules);
    const connections = new Connections(settings);
    this.#credential = jobsCredential({ accessToken, apiKey, tokenUrl }, settings, connections);
    const traits = { credential: this.#credential.header, errorBody: genericResponseBody };
    this.#engine = createTransport(settings, connections, traits);
  }

  /**
   * Starts a job.
   *
   * The client never retries a request that may have reached the server, because running a job twice costs money.
   */
  run(jobId: string, config?: JobConfigInit, options?: CallOptions): Promise<GenericResponse> {
    try {
      const request: RunJobRequest = {
        $typeName: RunJobRequestSchema.typeName,
        jobId,
        config: config === undefined ? undefined : checkedJobConfig(config),
      };
      return this.#engine.call(runJob.method, request, options, runJob.okMessage);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Stops a job. ByteNite deletes a job that has not started yet. */
  abort(jobId: string, options?: CallOptions): Promise<GenericResponse> {
    const request: AbortJobRequest = { $typeName: AbortJobRequestSchema.typeName, jobId };
    return this.#engine.call(abortJob.method, request, options, abortJob.okMessage);
  }

  /** Deletes a job. */
  delete(jobId: string, options?: CallOptions): Promise<GenericResponse> {
    const request: DeleteJobRequest = { $typeName: DeleteJobRequestSchema.typeName, jobId };
    return this.#engine.call(deleteJob.method, request, options, deleteJob.okMessage);
  }

  /** Waits for the calls in flight, then closes the connections. Later calls fail. */
  async close(): Promise<void> {
    this.#credential.stopRetries();
    try {
      await this.#engine.close();
    } finally {
      this.#credential.stop();
    }
  }

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

interface JobMethod<I extends DescMessage> {
  readonly method: DescMethodUnary<I, typeof GenericResponseSchema>;
  /** @throws JobsError if the response is not `ok` */
  okMessage(response: UnaryResponse<typeof GenericResponseSchema>): GenericResponse;
}

function jobMethod<I extends DescMessage>(
  method: DescMethodUnary<I, typeof GenericResponseSchema>,
): JobMethod<I> {
  const name = rpcName(method);
  return {
    method,
    okMessage(response) {
      if (response.message.ok && response.message.error === undefined) return response.message;
      throw jobsErrorFrom(name, response);
    },
  };
}

const runJob = /* @__PURE__ */ jobMethod(Customer.method.runJob);
const abortJob = /* @__PURE__ */ jobMethod(Customer.method.abortJob);
const deleteJob = /* @__PURE__ */ jobMethod(Customer.method.deleteJob);

/** Creates the error of a response with status 2xx that is not `ok`. */
function jobsErrorFrom(method: string, response: UnaryResponse<typeof GenericResponseSchema>): JobsError {
  const { status, attempts } = response;
  const redactor = redactorOf(response);
  const message = redactor.redactMessage(response.message);
  const { code = Code.Unknown, reason } = statusInfoOfResponse(message);
  const outcome: Outcome = hasContent(response.message) ? "rejected" : "unknown";
  const history = response.history.map((record, i) =>
    i === response.history.length - 1 ? { ...record, code, outcome } : record,
  );
  return new JobsError(message, {
    code,
    reason: reason || "the response is not ok and gives no reason",
    outcome: history.map((record) => record.outcome ?? outcome).reduce(worseOutcome),
    method,
    status,
    attempts,
    history,
    headers: redactor.redactHeaders(response.headers),
  });
}

/**
 * Whether the response has anything but `ok: false`. Without, it is the message with all fields at their defaults: no
 * bytes in binary, `{}` in JSON, a 204. Any server may send that, so the outcome is unknown, whatever the encoding.
 */
function hasContent({ requestId, message, error }: GenericResponse): boolean {
  return requestId !== "" || message !== "" || error !== undefined;
}

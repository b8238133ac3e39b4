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
import { secretsOf, type UnaryResponse } from "../client/interceptor.ts";
import { createTransport, type Engine } from "../client/rest-transport.ts";
import { type RestTransportOptions, transportSettings } from "../client/rest-transport-options.ts";
import { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { type Outcome, worseOutcome } from "../errors/outcome.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { genericResponseBody } from "./error-body.ts";
import { checkedJobConfig, type JobConfigInit } from "./job-config.ts";
import {
  type AccessTokenOption,
  type ApiKeyOptions,
  type JobsCredential,
  jobsCredential,
} from "./jobs-credential.ts";
import { JobsError, statusInfoOfResponse } from "./jobs-error.ts";

/** Where ByteNite's API is, unless the caller knows better. */
export const BYTENITE_BASE_URL = "https://api.bytenite.com/v1/customer";

/** What a {@link JobsClient} is made from: a transport's options and a credential. */
export type JobsClientOptions = JobsTransportOptions & (AccessTokenOption | ApiKeyOptions);

/** A transport's options, with ByteNite's base URL as the default. */
export interface JobsTransportOptions extends Omit<RestTransportOptions, "baseUrl" | "jsonInt64"> {
  /**
   * Where the API is, with the path that stands before `/jobs`.
   *
   * @default "https://api.bytenite.com/v1/customer"
   */
  readonly baseUrl?: string | URL | undefined;
  /**
   * How 64-bit integers are written in JSON bodies. ByteNite's description of its API has them as numbers.
   *
   * @default "number"
   */
  readonly jsonInt64?: "string" | "number" | undefined;
}

/**
 * Runs, stops and deletes ByteNite jobs.
 *
 * Every method resolves only if ByteNite said `ok`. Everything else rejects with an {@link RpcError}, or a
 * {@link JobsError} where ByteNite answered with a GenericResponse that says no.
 */
export class JobsClient {
  readonly #engine: Engine;
  readonly #credential: JobsCredential;

  /** @throws RpcError `InvalidArgument` that names the option, if one cannot be used */
  constructor(options: JobsClientOptions) {
    if (typeof options !== "object" || options === null) throw invalidArgument("options must be an object");
    const { accessToken, apiKey, tokenUrl, baseUrl = BYTENITE_BASE_URL, ...rest } = options;
    const settings = transportSettings({ ...rest, baseUrl, jsonInt64: rest.jsonInt64 ?? "number" });
    const connections = new Connections(settings);
    this.#credential = jobsCredential({ accessToken, apiKey, tokenUrl }, settings, connections);
    const traits = { credential: this.#credential.header, errorBody: genericResponseBody };
    this.#engine = createTransport(settings, connections, traits);
  }

  /**
   * Starts a job.
   *
   * It is never sent again once any of it may have reached the server: running a job twice costs money.
   */
  run(jobId: string, config?: JobConfigInit, options?: CallOptions): Promise<GenericResponse> {
    try {
      const request: RunJobRequest = {
        $typeName: RunJobRequestSchema.typeName,
        jobId,
        config: config === undefined ? undefined : checkedJobConfig(config),
      };
      return this.#engine.call(runJob.method, request, options, runJob.accept);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Stops a job. One that has not started yet is deleted. */
  abort(jobId: string, options?: CallOptions): Promise<GenericResponse> {
    const request: AbortJobRequest = { $typeName: AbortJobRequestSchema.typeName, jobId };
    return this.#engine.call(abortJob.method, request, options, abortJob.accept);
  }

  /** Deletes a job. */
  delete(jobId: string, options?: CallOptions): Promise<GenericResponse> {
    const request: DeleteJobRequest = { $typeName: DeleteJobRequestSchema.typeName, jobId };
    return this.#engine.call(deleteJob.method, request, options, deleteJob.accept);
  }

  /** Lets the calls in flight finish, then closes the connections. Calls made after it fail. */
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
  /** @throws JobsError if the answer says no */
  accept(response: UnaryResponse<typeof GenericResponseSchema>): GenericResponse;
}

function jobMethod<I extends DescMessage>(
  method: DescMethodUnary<I, typeof GenericResponseSchema>,
): JobMethod<I> {
  const name = rpcName(method);
  return {
    method,
    accept(response) {
      if (response.message.ok && response.message.error === undefined) return response.message;
      throw refusal(name, response);
    },
  };
}

const runJob = /* @__PURE__ */ jobMethod(Customer.method.runJob);
const abortJob = /* @__PURE__ */ jobMethod(Customer.method.abortJob);
const deleteJob = /* @__PURE__ */ jobMethod(Customer.method.deleteJob);

/** The error for an answer with a good HTTP status that says no all the same. */
function refusal(method: string, response: UnaryResponse<typeof GenericResponseSchema>): JobsError {
  const { status, attempts } = response;
  const secrets = secretsOf(response);
  const message = secrets.redactMessage(response.message);
  const { code = Code.Unknown, reason } = statusInfoOfResponse(message);
  const outcome: Outcome = saysAnything(response.message) ? "rejected" : "unknown";
  const history = response.history.map((record, i) =>
    i === response.history.length - 1 ? { ...record, code, outcome } : record,
  );
  return new JobsError(message, {
    code,
    reason: reason || "the answer is not ok, and gives no reason",
    outcome: history.map((record) => record.outcome ?? outcome).reduce(worseOutcome),
    method,
    status,
    attempts,
    history,
    headers: secrets.redactHeaders(response.headers),
  });
}

/**
 * Whether the answer says no. With `ok: false` and nothing else it is the message with all defaults: no bytes in
 * binary, `{}` in JSON, a 204. Anything may have answered so, and it has one outcome in each of its forms.
 */
function saysAnything({ requestId, message, error }: GenericResponse): boolean {
  return requestId !== "" || message !== "" || error !== undefined;
}

// Checks the declarations: each name has its type, wrong input does not compile, and nothing is `any`, which would accept all
// of this. It is compiled in each TypeScript project, and never runs.
import type {
  AbortJobRequest,
  AccessTokenOption,
  AccessTokenSource,
  ApiKeyOptions,
  AttemptRecord,
  CallOptions,
  CompressionOption,
  DeleteJobRequest,
  EncodingOption,
  ErrorDetail,
  Evidence,
  Finding,
  FindingId,
  GenericResponse,
  HeaderSource,
  HttpHeaders,
  IncomingMetadata,
  Interceptor,
  JobConfig,
  JobConfigInit,
  JobsClientOptions,
  JobsError,
  JobsTransportOptions,
  Next,
  Outcome,
  OutgoingMetadata,
  ProbeOptions,
  ProbeReport,
  ProbeTransportOptions,
  RestTransportOptions,
  RetryPolicy,
  RpcError,
  RpcErrorInit,
  RunJobRequest,
  UnaryRequest,
  UnaryResponse,
  Verdict,
} from "bytenite-jobs";
import { Code, Customer, type ErrorSchema, type JobConfigSchema, JobsClient, probe } from "bytenite-jobs";
import type {
  ErrorFormat,
  Execution,
  Fault,
  FaultScope,
  Handler,
  HandlerContext,
  Job,
  JobState,
  JobsRpc,
  JobsServer,
  JobsServerOptions,
  RecordedRequest,
  RefusalFault,
  ServerHandle,
  ServerOptions,
  ServiceImplementation,
  StatusErrorOptions,
} from "bytenite-jobs/testing";
import { startJobsServer, startServer } from "bytenite-jobs/testing";
import type {
  Client,
  HttpRuleProblem,
  PagesOptions,
  PaginateOptions,
  Transport,
} from "bytenite-jobs/transport";
import { createClient, createRestTransport, pages, paginate } from "bytenite-jobs/transport";

type IsAny<T> = 0 extends 1 & T ? true : false;
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2
    ? IsAny<A> extends true
      ? false
      : true
    : false;
/** Compiles only if every element of `T` is `true`. */
type Holds<T extends readonly true[]> = T;

type AnyAmong<T extends readonly unknown[]> = { [I in keyof T]: IsAny<T[I]> }[number];
export type NothingIsAny = Equal<
  AnyAmong<
    [
      AbortJobRequest,
      AccessTokenOption,
      AccessTokenSource,
      ApiKeyOptions,
      AttemptRecord,
      CallOptions,
      Client<typeof Customer>,
      CompressionOption,
      DeleteJobRequest,
      EncodingOption,
      ErrorDetail,
      ErrorFormat,
      Evidence,
      Execution,
      Fault,
      FaultScope,
      Finding,
      FindingId,
      GenericResponse,
      Handler<typeof JobConfigSchema, typeof ErrorSchema>,
      HandlerContext,
      HeaderSource,
      HttpHeaders,
      HttpRuleProblem,
      IncomingMetadata,
      Interceptor,
      Job,
      JobConfig,
      JobConfigInit,
      JobState,
      JobsClientOptions,
      JobsError,
      JobsRpc,
      JobsServer,
      JobsServerOptions,
      JobsTransportOptions,
      Next,
      Outcome,
      OutgoingMetadata,
      PagesOptions<Client<typeof Customer>["runJob"]>,
      PaginateOptions<Client<typeof Customer>["runJob"]>,
      ProbeOptions,
      ProbeReport,
      ProbeTransportOptions,
      RecordedRequest,
      RefusalFault,
      RestTransportOptions,
      RetryPolicy,
      RpcError,
      RpcErrorInit,
      RunJobRequest,
      ServerHandle,
      ServerOptions,
      ServiceImplementation<typeof Customer>,
      StatusErrorOptions,
      Transport,
      UnaryRequest,
      UnaryResponse,
      Verdict,
    ]
  >,
  false
>;

export type TypesAreThese = Holds<
  [
    NothingIsAny,
    Equal<Awaited<ReturnType<JobsClient["run"]>>, GenericResponse>,
    Equal<JobConfig["taskTimeout"], bigint>,
    Equal<JobConfigInit["taskTimeout"], number | bigint | undefined>,
    Equal<Outcome, "not_sent" | "rejected" | "unknown">,
    Equal<RpcError["code"], Code>,
    Equal<RpcError["history"], readonly AttemptRecord[]>,
    Equal<JobsError["response"], GenericResponse>,
    Equal<GenericResponse["requestId"], string>,
    Equal<ProbeReport["configField"], number | undefined>,
    Equal<JobsServer["executions"], readonly Execution[]>,
    Equal<JobState, "draft" | "running" | "aborted" | "deleted">,
    Equal<Awaited<ReturnType<Client<typeof Customer>["runJob"]>>, GenericResponse>,
    Equal<Parameters<NonNullable<ServiceImplementation<typeof Customer>["runJob"]>>[0], RunJobRequest>,
  ]
>;

export async function wrongInputDoesNotCompile(): Promise<void> {
  // @ts-expect-error: a credential is missing
  new JobsClient({ baseUrl: "http://127.0.0.1:1" });
  // @ts-expect-error: one credential, not both
  new JobsClient({ accessToken: "a", apiKey: "b" });
  // @ts-expect-error: there is no such option
  new JobsClient({ accessToken: "a", retries: 3 });
  // @ts-expect-error: an unknown encoding
  const jobs = new JobsClient({ accessToken: "a", encoding: "xml" });

  await jobs.run("job-1", { taskTimeout: 1, jobTimeout: 2n, isTestJob: true });
  // @ts-expect-error: a misspelt field
  await jobs.run("job-1", { tasktimeout: 1 });
  // @ts-expect-error: seconds are a number
  await jobs.run("job-1", { taskTimeout: "1" });
  // @ts-expect-error: the id is missing
  await jobs.abort();
  // @ts-expect-error: there is no such call option
  await jobs.delete("job-1", { timeout: 1 });
  // @ts-expect-error: the response has no such field
  (await jobs.delete("job-1")).jobId;
  // @ts-expect-error: probe does not retry
  await probe({ accessToken: "a", retry: false });

  // @ts-expect-error: a transport needs a baseUrl
  createRestTransport({ encoding: "json" });
  // @ts-expect-error: an unknown form
  createRestTransport({ baseUrl: "http://127.0.0.1:1", queryFieldMask: "kebab-case" });
  const client = createClient(Customer, createRestTransport({ baseUrl: new URL("http://127.0.0.1:1") }));
  // @ts-expect-error: a field that the request does not have
  await client.runJob({ id: "job-1" });
  // @ts-expect-error: int64 is a bigint
  await client.runJob({ jobId: "job-1", config: { taskTimeout: 1 } });
  // @ts-expect-error: there is no such rpc
  await client.pauseJob({ jobId: "job-1" });
  // @ts-expect-error: not a list method
  paginate(client.runJob, { jobId: "job-1" });
  // @ts-expect-error: not a list method
  pages(client.runJob, { jobId: "job-1" });

  const server = await startJobsServer({ jobs: ["job-1"] });
  server.fault({ kind: "status", status: 503, retryAfter: 1 }, { rpc: "RunJob", times: 2 });
  // @ts-expect-error: an unknown fault
  server.fault({ kind: "explode" });
  // @ts-expect-error: there is no such rpc
  server.fault({ kind: "html" }, { rpc: "PauseJob" });
  // @ts-expect-error: a response of another type
  await startServer(Customer, { runJob: () => ({ ok: "yes" }) });
  // @ts-expect-error: an unknown code
  Code.Teapot;
}

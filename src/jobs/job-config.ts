import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import { type JobConfig, JobConfigSchema } from "../../gen/bytenite/job/job_pb.js";
import { isRecord } from "../codecs/records.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { describeWrongType } from "../errors/wrong-type.ts";
import { rpcName } from "../transcoding/rpc-name.ts";

/** The limits of a job. A limit that is left out is not sent. */
export interface JobConfigInit {
  /** The maximum time for one task of the job, in seconds: a whole number, not negative. */
  readonly taskTimeout?: number | bigint | undefined;
  /** The maximum time for the whole job, in seconds: a whole number, not negative. */
  readonly jobTimeout?: number | bigint | undefined;
  /** Whether this run is a test. */
  readonly isTestJob?: boolean | undefined;
}

/**
 * Validates a job's config and all its keys. An unknown key is an error, because a misspelt `tasktimeout` must not run a
 * job without a limit.
 *
 * @throws RpcError `InvalidArgument` that names the key
 */
export function checkedJobConfig(config: JobConfigInit): JobConfig {
  // A Map or a promise has no keys, and would run a job without a limit.
  if (!isRecord(config as unknown))
    throw invalidArgument(`config ${describeWrongType("an object", config)}`, method);
  const { $typeName = JobConfigSchema.typeName } = config as { readonly $typeName?: unknown };
  if ($typeName !== JobConfigSchema.typeName)
    throw invalidArgument(`config ${describeWrongType(`a ${JobConfigSchema.typeName}`, config)}`, method);
  for (const key of Object.keys(config)) {
    // Messages created by protobuf-es have their type's name, and are allowed too.
    if (keys.includes(key) || key === "$typeName") continue;
    throw invalidArgument(`config has no ${JSON.stringify(key)}; it has ${keys.join(", ")}`, method);
  }
  const { taskTimeout, jobTimeout, isTestJob } = config;
  if (isTestJob !== undefined && typeof isTestJob !== "boolean") {
    throw invalidArgument("config.isTestJob must be true or false", method);
  }
  return {
    $typeName: JobConfigSchema.typeName,
    taskTimeout: checkedSeconds("taskTimeout", taskTimeout),
    jobTimeout: checkedSeconds("jobTimeout", jobTimeout),
    isTestJob: isTestJob ?? false,
  };
}

const method = rpcName(Customer.method.runJob);

const keys = JobConfigSchema.fields.map(({ localName }) => localName);

const MAX_INT64 = 2n ** 63n - 1n;

function checkedSeconds(key: string, seconds: number | bigint | undefined): bigint {
  if (seconds === undefined) return 0n;
  if (typeof seconds === "bigint" && seconds >= 0n && seconds <= MAX_INT64) return seconds;
  if (typeof seconds === "number" && Number.isSafeInteger(seconds) && seconds >= 0) return BigInt(seconds);
  throw invalidArgument(
    `config.${key} must be a whole number of seconds, as a number or bigint, not negative`,
    method,
  );
}

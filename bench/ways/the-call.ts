// The small call that every way makes: a run with limits, whose response is a GenericResponse.
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import {
  Customer,
  type RunJobRequest,
  RunJobRequestSchema,
} from "../../gen/bytenite/customer/customer_pb.js";
import { compileRoute } from "../../src/transcoding/compile-route.ts";
import { requestTarget } from "../../src/transcoding/request-target.ts";

const { target } = requestTarget(
  compileRoute(Customer.method.runJob),
  create(RunJobRequestSchema, { jobId: "job-1" }),
);
/** The path with the base path. */
export const path = `/v1/customer${target}`;
export const accessToken = "bench-access-token";

export const request: RunJobRequest = create(RunJobRequestSchema, {
  config: { taskTimeout: 3600n, jobTimeout: 86_400n, isTestJob: true },
});
export const requestBytes: Buffer = Buffer.from(toBinary(RunJobRequestSchema, request));

export const response: GenericResponse = create(GenericResponseSchema, {
  ok: true,
  requestId: "0f9c3a1e",
  message: "job job-1 is running",
});
export const responseBytes: Buffer = Buffer.from(toBinary(GenericResponseSchema, response));
export const responseJson: Buffer = Buffer.from(toJsonString(GenericResponseSchema, response));

/** Checks a decoded response, so that each way has to decode it. */
export function checkResponse({
  ok,
  requestId,
}: {
  readonly ok?: boolean;
  readonly requestId?: string;
}): void {
  if (ok !== true || requestId !== response.requestId) throw new Error("a wrong response");
}

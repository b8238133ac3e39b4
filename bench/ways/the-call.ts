// The small call that every way makes: a run with limits, answered with a GenericResponse.
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
/** Behind the origin. */
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

/** A way that does not read its answer would win by cheating. */
export function check(answer: { readonly ok?: boolean; readonly requestId?: string }): void {
  if (answer.ok !== true || answer.requestId !== response.requestId) throw new Error("a wrong answer");
}

import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import {
  Customer,
  type RunJobRequest,
  RunJobRequestSchema,
} from "../../gen/bytenite/customer/customer_pb.js";
import { accessToken, checkResponse } from "./the-call.ts";
import type { Way } from "./way.ts";

/** grpc-js with messages of protobuf-es. */
export const grpcJs: Way = async ({ http2 }) => {
  const { Client, Metadata, credentials } = await import("@grpc/grpc-js");
  const client = new Client(new URL(http2).host, credentials.createInsecure());
  const serialize = (message: RunJobRequest) => Buffer.from(toBinary(RunJobRequestSchema, message));
  const deserialize = (bytes: Buffer) => fromBinary(GenericResponseSchema, bytes);
  const name = `/${Customer.typeName}/${Customer.method.runJob.name}`;
  const metadata = new Metadata();
  metadata.set("authorization", accessToken);
  return () =>
    new Promise<void>((resolve, reject) => {
      const config = { taskTimeout: 3600n, jobTimeout: 86_400n, isTestJob: true };
      const message = create(RunJobRequestSchema, { jobId: "job-1", config });
      const options = { deadline: Date.now() + 30_000 };
      client.makeUnaryRequest(
        name,
        serialize,
        deserialize,
        message,
        metadata,
        options,
        (error: Error | null, response?: GenericResponse) => {
          if (error !== null || response === undefined) reject(error ?? new Error("no response"));
          else {
            checkResponse(response);
            resolve();
          }
        },
      );
    });
};

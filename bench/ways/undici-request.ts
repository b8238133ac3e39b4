import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Pool, request } from "undici";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { accessToken, checkResponse, path } from "./the-call.ts";
import type { Way } from "./way.ts";

/** A hand-written client. */
export const handWritten: Way = async ({ http1 }) => {
  const dispatcher = new Pool(http1);
  return async () => {
    const { statusCode, body } = await request(http1 + path, {
      dispatcher,
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", authorization: accessToken },
      body: JSON.stringify({ config: { taskTimeout: "3600", jobTimeout: "86400", isTestJob: true } }),
    });
    if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`);
    checkResponse((await body.json()) as object);
  };
};

export const undiciWithProtobuf: Way = async ({ http1 }) => {
  const dispatcher = new Pool(http1);
  const type = "application/x-protobuf";
  return async () => {
    const config = { taskTimeout: 3600n, jobTimeout: 86_400n, isTestJob: true };
    const { statusCode, body } = await request(http1 + path, {
      dispatcher,
      method: "POST",
      headers: { "content-type": type, accept: type, authorization: accessToken },
      body: toBinary(RunJobRequestSchema, create(RunJobRequestSchema, { config })),
    });
    if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`);
    checkResponse(fromBinary(GenericResponseSchema, await body.bytes()));
  };
};

// The server of a soak run, in its own process. It reports its address to the parent, and ends with it.
import { create } from "@bufbuild/protobuf";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { Customer } from "../../gen/bytenite/customer/customer_pb.js";
import { startServer } from "../../src/testing/index.ts";

const ok = () => create(GenericResponseSchema, { ok: true, requestId: "request-1", message: "as you wish" });

const server = await startServer(
  Customer,
  { runJob: ok, abortJob: ok, deleteJob: ok },
  { recordLimit: 0, basePath: "/v1/customer" },
);
process.send?.(server.baseUrl);
process.once("disconnect", () => void server.close());

import { create, createRegistry } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { BadRequestSchema, QuotaFailureSchema } from "../../gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.js";
import { gatewayJson } from "../../src/testing/gateway-json.ts";

const registry = createRegistry();

test("fields that are not set are there all the same, in the order of the .proto", () => {
  const json = gatewayJson(GenericResponseSchema, create(GenericResponseSchema), registry);
  expect(JSON.stringify(json)).toBe('{"ok":false,"requestId":"","message":"","error":null}');
  expect(JSON.stringify(gatewayJson(StatusSchema, create(StatusSchema, { code: 5 }), registry))).toBe(
    '{"code":5,"message":"","details":[]}',
  );
});

test("also within messages, where 64-bit integers are text", () => {
  const message = create(RunJobRequestSchema, { config: { jobTimeout: 9n } });
  expect(gatewayJson(RunJobRequestSchema, message, registry)).toEqual({
    jobId: "",
    config: { taskTimeout: "0", jobTimeout: "9", isTestJob: false },
  });
});

test("also within lists", () => {
  const message = create(BadRequestSchema, { fieldViolations: [{ field: "a" }] });
  expect(gatewayJson(BadRequestSchema, message, registry)).toEqual({
    fieldViolations: [{ field: "a", description: "", reason: "", localizedMessage: null }],
  });
  expect(gatewayJson(QuotaFailureSchema, create(QuotaFailureSchema), registry)).toEqual({ violations: [] });
});

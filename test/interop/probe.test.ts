import { Pool } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ProbeReport, probe } from "../../src/index.ts";
import { binary, verdictsOf } from "../probe/verdicts.ts";
import { type Gateway, type GatewaySettings, startGateway } from "./support/gateway.ts";

async function probed(settings: GatewaySettings): Promise<{ report: ProbeReport; gateway: Gateway }> {
  const gateway = await startGateway(settings);
  onTestFinished(() => gateway.close());
  const { customerUrl: baseUrl, accessToken } = gateway;
  return { gateway, report: await probe({ baseUrl, accessToken }) };
}

/** Expects that all calls of the backend were about the job that does not exist, and were rejected. */
async function expectHarmless(gateway: Gateway, report: ProbeReport): Promise<void> {
  const calls = await gateway.calls();
  expect(calls.length).toBeGreaterThan(0);
  for (const { rpc, request, ended } of calls) {
    expect(rpc).toMatch(/^bytenite\.customer\.Customer\/(RunJob|AbortJob)$/);
    expect(request).toMatchObject({ jobId: report.jobId });
    expect(ended?.code ?? "running").not.toBe(0);
  }
}

describe("probe against a real grpc-gateway", () => {
  test("with our field numbers: config is proven to be field 2", async () => {
    const { report, gateway } = await probed({});
    expect(verdictsOf(report)).toEqual(binary);
    expect(report.configField).toBe(2);
    await expectHarmless(gateway, report);
  });

  test("with other field numbers: refuted, with field 5 for config", async () => {
    const { report, gateway } = await probed({ numbers: "other" });
    expect(verdictsOf(report)).toEqual({ ...binary, "config-field": "refuted" });
    expect(report.configField).toBe(5);
    expect(report.summary).toContain("config is field 5 and not 2");
    await expectHarmless(gateway, report);
  });

  test("with JSON only: binary is refuted, and field numbers are not shown", async () => {
    const { report, gateway } = await probed({ encodings: "json" });
    expect(verdictsOf(report)).toEqual({
      ...binary,
      "binary-answers": "refuted",
      "binary-requests": "refuted",
      "careful-mode": "refuted",
      "same-error": "not shown",
      "job-id-field": "not shown",
      "config-field": "not shown",
    });
    await expectHarmless(gateway, report);
  });

  test("with a custom error handler: the field numbers of its responses are proven too", async () => {
    const { report, gateway } = await probed({ errors: "generic-response" });
    expect(verdictsOf(report)).toMatchObject({ "config-field": "proven", "same-error": "proven" });
    const { meaning, verdict } = report.findings.find(({ id }) => id === "answer-fields") ?? {};
    expect([verdict, meaning]).toEqual(["proven", expect.stringContaining("error.code")]);
    await expectHarmless(gateway, report);
  });

  test.each([true, false])("over TLS, HTTP/2: %s", async (http2) => {
    const gateway = await startGateway({ tls: true, http2 });
    onTestFinished(() => gateway.close());
    const dispatcher = new Pool(gateway.origin, { connect: { ca: gateway.certificate } });
    onTestFinished(() => dispatcher.destroy());
    const { customerUrl: baseUrl, accessToken } = gateway;
    const report = await probe({ baseUrl, accessToken, dispatcher });
    expect(verdictsOf(report)).toEqual(binary);
    await expectHarmless(gateway, report);
  });

  test.each(["all-except-reserved", "all-except-slash", "all-characters"] as const)(
    "with the unescaping mode %s",
    async (unescaping) => {
      const { report, gateway } = await probed({ unescaping });
      expect(verdictsOf(report)).toEqual(binary);
      await expectHarmless(gateway, report);
    },
  );
});

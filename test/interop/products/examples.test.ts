// The examples, against the products that they are for.
import { expect, test } from "vitest";
import { runExample } from "../../examples/run-example.ts";
import { startProduct } from "../support/product.ts";

test("the OTLP example sends two spans to the Collector", async () => {
  await using collector = await startProduct<{ origin: string; controlUrl: string }>("collector");
  const { origin, controlUrl } = collector.ready;
  const { status, stdout, stderr } = await runExample("examples/otlp.ts", {
    OTEL_EXPORTER_OTLP_ENDPOINT: origin,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const [, traceId] = /^trace ([0-9a-f]{32}): 2 spans sent, 0 rejected\n$/.exec(stdout) ?? [];
  expect(await (await fetch(`${controlUrl}/received`)).json()).toMatchObject([
    {
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "example" } }] },
          scopeSpans: [
            {
              spans: [
                { traceId, name: "POST /checkout", kind: 2 },
                {
                  traceId,
                  name: "run",
                  kind: 3,
                  attributes: [{ key: "job.id", value: { stringValue: "job-1" } }],
                },
              ],
            },
          ],
        },
      ],
    },
  ]);
});

test("the etcd example reads what it wrote, and sets a key once", async () => {
  await using etcd = await startProduct("etcd");
  const { status, stdout, stderr } = await runExample("examples/etcd.ts", {
    ETCD_ENDPOINT: etcd.ready.origin,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toBe(`bytenite/limit = 10
bytenite/region = eu
set to 20: true
set to 30, from what was read before: false
now: 20
`);
});

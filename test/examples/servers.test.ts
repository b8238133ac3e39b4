import { expect, test } from "vitest";
import { runExample } from "./run-example.ts";

test("the OTLP example sends two spans to its stand-in", async () => {
  const { status, stdout, stderr } = await runExample("examples/otlp.ts");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^trace [0-9a-f]{32}: 2 spans sent, 0 rejected\n$/);
});

test("the etcd example reads what it wrote, and sets a key once", async () => {
  const { status, stdout, stderr } = await runExample("examples/etcd.ts");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toBe(`bytenite/limit = 10
bytenite/region = eu
set to 20: true
set to 30, from what was read before: false
now: 20
`);
});

test("the stream example follows a log through two breaks, and misses and repeats nothing", async () => {
  const { status, stdout, stderr } = await runExample("examples/stream.ts");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(
    /^1 checkout\n2 install\n\(broke after 2: .*\n3 build\n\(broke after 3: .*\n4 test\n5 publish\n$/,
  );
});

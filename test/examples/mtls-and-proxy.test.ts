import { expect, test } from "vitest";
import { runExample } from "./run-example.ts";

test("the mTLS example runs its job once, and says truly what became of the others", async () => {
  const { status, stdout, stderr } = await runExample("examples/mtls.ts");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const lines = stdout.split("\n");
  expect(lines[0]).toBe("With a certificate: job job-1 is running");
  expect(lines[1]).toMatch(
    /^A server that it does not trust: not_sent, .*Unavailable: not connected: .*certificate/,
  );
  expect(lines[2]).toMatch(/^Without one, in TLS 1\.2: not_sent, .*Unavailable: not connected: /);
  expect(lines[3]).toMatch(/^Without one, in TLS 1\.3: unknown, .*Unavailable: the connection was lost: /);
  expect(stdout).toMatch(/\n\nThe server let in: billing-service\nJobs that ran: job-1\n$/);
});

test("the proxy example goes through the proxy where it should, and says truly when it was refused", async () => {
  const { status, stdout, stderr } = await runExample("examples/proxy.ts");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const withoutPorts = stdout.replaceAll(/:\d{2,5}\b/g, ":port");
  expect(withoutPorts).toBe(`A tunnel: job job-1 is running
    the proxy was asked: CONNECT localhost:port
https_proxy: job job-2 is running
    the proxy was asked: CONNECT localhost:port
no_proxy: job job-3 is running
A wrong password: not_sent, bytenite.customer.Customer/RunJob: Unavailable: not connected: Proxy response (407) !== 200 when HTTP Tunneling
    the proxy was asked: CONNECT localhost:port
A proxy that fails: not_sent, bytenite.customer.Customer/RunJob: Unavailable: not connected: Proxy response (502) !== 200 when HTTP Tunneling
    the proxy was asked: CONNECT localhost:port
Plain http: job job-5 is running
    the proxy was asked: POST http://127.0.0.1:port/v1/customer/jobs/job-5/run
Plain http, no password: rejected, bytenite.customer.Customer/RunJob: FailedPrecondition (HTTP 407): Proxy Authentication Required (407)
    the proxy was asked: POST http://127.0.0.1:port/v1/customer/jobs/job-4/run
Plain http, a tunnel: job job-6 is running
    the proxy was asked: CONNECT 127.0.0.1:port

Jobs that ran: job-1, job-2, job-3, job-5, job-6
`);
});

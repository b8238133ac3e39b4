import { expect, test } from "vitest";
import { runExample } from "./run-example.ts";

test("the mTLS example runs its job once, and prints the outcome of the others", async () => {
  const { status, stdout, stderr } = await runExample("examples/mtls.ts");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const lines = stdout.split("\n");
  expect(lines[0]).toBe("With a certificate: job job-1 is running");
  expect(lines[1]).toMatch(
    /^A server that the client does not trust: not_sent, .*Unavailable: not connected: .*certificate/,
  );
  expect(lines[2]).toMatch(/^Without a certificate, in TLS 1\.2: not_sent, .*Unavailable: not connected: /);
  expect(lines[3]).toMatch(
    /^Without a certificate, in TLS 1\.3: unknown, .*Unavailable: the connection was lost: /,
  );
  expect(stdout).toMatch(/\n\nThe server accepted: billing-service\nJobs that ran: job-1\n$/);
});

test("the proxy example uses the proxy, and prints the outcome of refused requests", async () => {
  const { status, stdout, stderr } = await runExample("examples/proxy.ts");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const withoutPorts = stdout.replaceAll(/:\d{2,5}\b/g, ":port");
  expect(withoutPorts).toBe(`A tunnel: job job-1 is running
    the proxy received: CONNECT localhost:port
https_proxy: job job-2 is running
    the proxy received: CONNECT localhost:port
no_proxy: job job-3 is running
A wrong password: not_sent, bytenite.customer.Customer/RunJob: Unavailable: not connected: Proxy response (407) !== 200 when HTTP Tunneling
    the proxy received: CONNECT localhost:port
A proxy that fails: not_sent, bytenite.customer.Customer/RunJob: Unavailable: not connected: Proxy response (502) !== 200 when HTTP Tunneling
    the proxy received: CONNECT localhost:port
Plain http: job job-5 is running
    the proxy received: POST http://127.0.0.1:port/v1/customer/jobs/job-5/run
Plain http, no password: rejected, bytenite.customer.Customer/RunJob: FailedPrecondition (HTTP 407): Proxy Authentication Required (407)
    the proxy received: POST http://127.0.0.1:port/v1/customer/jobs/job-4/run
Plain http, a tunnel: job job-6 is running
    the proxy received: CONNECT 127.0.0.1:port

Jobs that ran: job-1, job-2, job-3, job-5, job-6
`);
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority } from "../../examples/support/certificates.ts";
import { startConnectProxy } from "../../examples/support/connect-proxy.ts";
import { startTlsFront } from "../../examples/support/tls-front.ts";
import { type JobsServer, startJobsServer } from "../../src/testing/index.ts";

/** The network between a company's services and an API. */
export interface CompanyNetwork extends AsyncDisposable {
  readonly api: JobsServer;
  /** The request lines that the proxy received. */
  readonly asked: readonly string[];
  /** The environment of a service in this network. Disposing the network deletes the files. */
  readonly env: Readonly<
    Record<
      | "BYTENITE_BASE_URL"
      | "BYTENITE_ACCESS_TOKEN"
      | "HTTPS_PROXY"
      | "https_proxy"
      | "no_proxy"
      | "TLS_CERT"
      | "TLS_KEY"
      | "TLS_CA",
      string
    >
  >;
}

/** Starts an API behind TLS with client certificates, and a proxy with a password. */
export async function startCompanyNetwork(jobs: readonly string[]): Promise<CompanyNetwork> {
  const api = await startJobsServer({ jobs });
  const authority = await createAuthority();
  const { ca } = authority;
  const front = await startTlsFront(api.port, { ca, ...(await authority.server()) });
  const proxy = await startConnectProxy("user:password");
  const folder = await mkdtemp(join(tmpdir(), "company-network-"));
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const proxyUrl = proxy.url.replace("//", "//user:password@");
  const { cert, key } = await authority.client("billing-service");
  return {
    api,
    asked: proxy.asked,
    env: {
      BYTENITE_ACCESS_TOKEN: api.accessToken,
      BYTENITE_BASE_URL: `https://localhost:${front.port}${new URL(api.baseUrl).pathname}`,
      HTTPS_PROXY: proxyUrl,
      // The variable in lower case takes precedence, and the machine may have one.
      https_proxy: proxyUrl,
      no_proxy: "",
      TLS_CERT: await file("client.crt", cert),
      TLS_KEY: await file("client.key", key),
      TLS_CA: await file("ca.crt", ca),
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await front[Symbol.asyncDispose]();
      await api.close();
      await rm(folder, { recursive: true });
    },
  };
}

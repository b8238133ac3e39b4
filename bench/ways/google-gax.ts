// google-gax over REST, as in Google's generated clients: fallback, a stub, createApiCall.
import { isAbsolute, join } from "node:path";
import gax from "google-gax";
import { accessToken, checkResponse } from "./the-call.ts";
import type { Way } from "./way.ts";

const root = join(import.meta.dirname, "../..");
const published = join(root, "node_modules/google-proto-files");

export type GaxCall = (request: object) => Promise<unknown>;

/** Makes a function that calls one method with google-gax. @param file relative to the folder `imports` */
export async function gaxMethod(
  origin: string,
  imports: string,
  file: string,
  service: string,
  method: string,
): Promise<GaxCall> {
  const { protobuf, fallback, createApiCall, CallSettings, googleAuthLibrary } = gax;
  const files = new protobuf.Root();
  files.resolvePath = (_from, target) => {
    if (isAbsolute(target)) return target;
    return join(target.startsWith("google/") ? published : join(root, imports), target);
  };
  files.loadSync(file);
  const auth = new googleAuthLibrary.OAuth2Client();
  auth.setCredentials({ access_token: accessToken });
  const client = new fallback.GrpcClient({ authClient: auth, fallback: true } as never);
  const { hostname, port } = new URL(origin);
  const stub = await client.createStub(files.lookupService(service), {
    servicePath: hostname,
    port: Number(port),
    protocol: "http",
  } as never);
  const bound = Promise.resolve((...args: unknown[]) =>
    (stub[method] as (...args: unknown[]) => unknown).apply(stub, args),
  );
  const call = createApiCall(bound as never, new CallSettings({ timeout: 30_000 }), undefined, true);
  return async (request) => ((await call(request)) as unknown as unknown[])[0];
}

/** The same small call as in the other ways. */
export const googleGax: Way = async ({ http1 }) => {
  const call = await gaxMethod(
    http1,
    "proto",
    "bytenite/customer/customer.proto",
    "bytenite.customer.Customer",
    "runJob",
  );
  return async () => {
    const config = { taskTimeout: 3600, jobTimeout: 86_400, isTestJob: true };
    checkResponse((await call({ jobId: "job-1", config })) as object);
  };
};

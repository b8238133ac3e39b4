import { readFileSync } from "node:fs";
import { createFileRegistry, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  type CallOptions,
  createClient,
  createRestTransport,
  type RestTransportOptions,
} from "../../../src/transport.ts";
import { startGoProcess } from "./go-process.ts";

/** A client with these methods, whose messages have no types at compile time. */
export type DynamicClient<Method extends string> = Readonly<
  Record<Method, (request: object, options?: CallOptions) => Promise<Record<string, unknown>>>
>;

/** A running product that shares no code with the library. */
export interface Product<Ready> extends AsyncDisposable {
  readonly ready: Ready;
  readonly registry: FileRegistry;
  /** Makes a client of one of its services. */
  client<Method extends string>(
    service: string,
    options?: Partial<RestTransportOptions>,
  ): DynamicClient<Method>;
}

/** Starts a product that test/interop/products/build.mjs has built, and reads its descriptors. */
export async function startProduct<Ready extends { readonly origin: string }>(
  name: "etcd" | "collector",
): Promise<Product<Ready>> {
  const running = await startGoProcess<Ready>(`products/${name}/${name}`);
  const descriptors = readFileSync(new URL(`../.build/products/${name}/descriptors.binpb`, import.meta.url));
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const transports: AsyncDisposable[] = [];
  return {
    ready: running.ready,
    registry,
    client: <Method extends string>(service: string, options: Partial<RestTransportOptions> = {}) => {
      const descriptor = registry.getService(service);
      if (descriptor === undefined) throw new Error(`${name} has no service ${service}`);
      const transport = createRestTransport({ baseUrl: running.ready.origin, retry: false, ...options });
      transports.push(transport);
      return createClient(descriptor, transport) as unknown as DynamicClient<Method>;
    },
    async [Symbol.asyncDispose]() {
      for (const transport of transports) await transport[Symbol.asyncDispose]();
      await running.close();
    },
  };
}

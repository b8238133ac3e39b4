import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Dispatcher, Pool } from "undici";
import { GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { RunJobRequestSchema } from "../../gen/bytenite/customer/customer_pb.js";
import { accessToken, checkResponse, path, requestBytes } from "./the-call.ts";
import type { Way } from "./way.ts";

/** Names and values in turn, as undici takes them. */
export const bareHeaders = [
  ...["content-type", "application/x-protobuf", "accept", "application/x-protobuf"],
  ...["authorization", accessToken],
];

class Handler implements Dispatcher.DispatchHandler {
  readonly #resolve: (bytes: Uint8Array) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Uint8Array[] = [];

  constructor(resolve: (bytes: Uint8Array) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    if (status !== 200) this.#reject(new Error(`HTTP ${status}`));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#resolve(this.#chunks.length === 1 ? (this.#chunks[0] as Uint8Array) : Buffer.concat(this.#chunks));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }
}

/** Sends one POST with prepared bytes. */
export function dispatchBare(
  pool: Pool,
  path: string,
  headers: string[],
  body: Uint8Array,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    pool.dispatch(
      { path, method: "POST", headers, body, headersTimeout: 0, bodyTimeout: 0 },
      new Handler(resolve, reject),
    );
  });
}

/** Prepared bytes to a default undici pool; the response is not decoded. */
export const bareDispatch: Way = async ({ http1 }) => {
  const pool = new Pool(http1);
  return () => dispatchBare(pool, path, bareHeaders, requestBytes);
};

/** The same with encoding and decoding by protobuf-es. */
export const bareDispatchWithProtobuf: Way = async ({ http1 }) => {
  const pool = new Pool(http1);
  return async () => {
    const config = { taskTimeout: 3600n, jobTimeout: 86_400n, isTestJob: true };
    const body = toBinary(RunJobRequestSchema, create(RunJobRequestSchema, { config }));
    checkResponse(fromBinary(GenericResponseSchema, await dispatchBare(pool, path, bareHeaders, body)));
  };
};

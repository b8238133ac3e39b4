import type { IncomingHttpHeaders } from "node:http";
import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { type GenericResponse, GenericResponseSchema } from "../../gen/bytenite/common/common_pb.js";
import { httpServer, type Loopback } from "./loopback.ts";

/** What a scripted server does with a request. */
export type Scripted =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      readonly body?: Uint8Array | string;
    }
  /** Closes the connection without a response. */
  | "reset"
  /** Never responds. */
  | "hang";

/** A request that the server received. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** When it arrived, in milliseconds on the clock of performance.now(). */
  readonly at: number;
}

export interface ScriptedServer extends Loopback {
  readonly seen: readonly SeenRequest[];
  readonly baseUrl: string;
}

/** Starts a server that responds to its requests with the script's entries in order, then with the last entry. */
export async function scriptedServer(...script: readonly Scripted[]): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const loopback = await httpServer(async (req, res) => {
    const at = performance.now();
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers, rawHeaders } = req;
    const step = script[Math.min(seen.length, script.length - 1)] ?? "hang";
    seen.push({ method, path: url, headers, rawHeaders, body: Buffer.concat(chunks), at });
    if (step === "hang") return;
    if (step === "reset") {
      req.socket.destroy();
      return;
    }
    res.writeHead(step.status ?? 200, step.headers);
    res.end(step.body);
  });
  return { ...loopback, seen, baseUrl: `${loopback.origin}/v1/customer` };
}

const okResponse = create(GenericResponseSchema, { ok: true, requestId: "req-1" });

/** ByteNite's response to an accepted call. */
export const ok = binary(okResponse);

export const okJson: Scripted = {
  headers: { "content-type": "application/json" },
  body: toJsonString(GenericResponseSchema, okResponse),
};

/** A GenericResponse in binary. */
export function binary(message: GenericResponse, status = 200): Exclude<Scripted, string> {
  return {
    status,
    headers: { "content-type": "application/x-protobuf" },
    body: toBinary(GenericResponseSchema, message),
  };
}

import { type CallRecord, openCallRecord } from "./call-record.ts";
import { startGatewayProcess } from "./gateway-process.ts";

/** How the gateway is set up. */
export interface GatewaySettings {
  /**
   * `"json"`: no `ProtoMarshaller` is registered, so the gateway speaks JSON only.
   * @default "both"
   */
  readonly encodings?: "both" | "json";
  /**
   * What the gateway calls its binary responses.
   * @default "application/octet-stream", as a stock gateway does
   */
  readonly binaryContentType?: string;
  /**
   * The mux's unescaping mode.
   * @default "legacy"
   */
  readonly unescaping?: "legacy" | "all-except-reserved" | "all-except-slash" | "all-characters";
  /**
   * Whether it is served over TLS, with a certificate made at the start.
   * @default false
   */
  readonly tls?: boolean;
  /**
   * Whether HTTP/2 is offered by ALPN, with `tls`.
   * @default true
   */
  readonly http2?: boolean;
  /**
   * `"generic-response"`: a custom error handler responses with a GenericResponse (`ok` false, and `error` with
   * the HTTP status as its code) instead of a google.rpc.Status.
   * @default "status"
   */
  readonly errors?: "status" | "generic-response";
  /**
   * Whether `Grpc-Metadata-*` headers reach the backend. Grpc-gateways up to v2.32.0 passed them on unasked; since
   * v2.33.0 they do so only if told to. With `"dropped"`, the backend sees no plan either.
   * @default "forwarded"
   */
  readonly metadata?: "forwarded" | "dropped";
  /**
   * `"other"`: made from a customer.proto in which `config` has number 5, and number 2 is unassigned.
   * @default "ours"
   */
  readonly numbers?: "ours" | "other";
}

/** An rpc that reached the backend behind the gateway. */
export interface BackendCall {
  /** Counts up from 1. */
  readonly id: number;
  /** For instance `bytenite.customer.Customer/RunJob`. */
  readonly rpc: string;
  /** The request in protojson: lowerCamelCase, int64 as strings, unset fields left out. */
  readonly request: unknown;
  /** The incoming metadata, keys in lower case, the values of `-bin` keys in base64. */
  readonly metadata: Readonly<Record<string, readonly string[]>>;
  /** How long the call had left when it arrived; null without a deadline. */
  readonly deadlineLeftMs: number | null;
  /**
   * How it ended: its gRPC code, and whether its context was done by then, because the gateway cancelled it, or
   * because of its deadline. Null while it runs.
   */
  readonly ended: { readonly code: number; readonly cancelled: boolean } | null;
}

/** What the backend does with one call. The parts combine. */
export interface BackendPlan {
  /** Answer with this error: the base64 of a google.rpc.Status. */
  readonly status?: string;
  /** Wait this long first, or until the call is cancelled or past its deadline. */
  readonly delayMs?: number;
  /** Wait until the call is cancelled or past its deadline. */
  readonly hang?: boolean;
  /** Close the connection between gateway and backend in the middle of the call. */
  readonly dropConnection?: boolean;
  /** Metadata to send back before the response. */
  readonly header?: Readonly<Record<string, readonly string[]>>;
  /** Metadata to send back after the response. */
  readonly trailer?: Readonly<Record<string, readonly string[]>>;
  /** The message of the GenericResponse. */
  readonly message?: string;
  /** A message of so many characters. */
  readonly messageBytes?: number;
  /** The `ok` of the GenericResponse; true unless given. */
  readonly ok?: boolean;
}

/** A running gateway, and the backend behind it. */
export interface Gateway extends AsyncDisposable {
  /** `http(s)://127.0.0.1:port`. */
  readonly origin: string;
  /** The base URL for JobsClient. */
  readonly customerUrl: string;
  /** The base URL for LibraryService. */
  readonly libraryUrl: string;
  /** The access token that the Customer backend wants. */
  readonly accessToken: string;
  /** The server's own certificate as PEM, with `tls`. */
  readonly certificate: string | undefined;
  /** What reached the backend since the start or the last `clear()`, oldest first. */
  calls(): Promise<readonly BackendCall[]>;
  /** Forgets all calls. */
  clear(): Promise<void>;
  /** Resolves with the first call that fits, once there is one (rejects after 2 minutes). */
  callThat(fits: (call: BackendCall) => boolean): Promise<BackendCall>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Starts a gateway with its backend, in a process of their own. `npm run test:interop` has built it. */
export async function startGateway(settings: GatewaySettings = {}): Promise<Gateway> {
  const running = await startGatewayProcess(settings);
  const { origin, accessToken, certificate, controlUrl } = running.ready;
  const record: CallRecord = openCallRecord(controlUrl);
  return {
    origin,
    customerUrl: `${origin}/v1/customer`,
    libraryUrl: origin,
    accessToken,
    certificate,
    calls: record.calls,
    clear: record.clear,
    callThat: record.callThat,
    close: running.close,
    [Symbol.asyncDispose]: running.close,
  };
}

/** The x-test-plan of a call, as `metadata` for CallOptions: `{ metadata: plan({ delayMs: 50 }) }`. */
export function plan(plan: BackendPlan): { readonly "x-test-plan": string } {
  // A gateway drops values with bytes outside 0x20-0x7E, so the JSON says other characters by their number.
  const json = JSON.stringify(plan).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return { "x-test-plan": json };
}

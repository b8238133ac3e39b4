import { type CallRecord, openCallRecord } from "./call-record.ts";
import { startGatewayProcess } from "./gateway-process.ts";

/** The options of the gateway. */
export interface GatewaySettings {
  /**
   * `"json"`: no `ProtoMarshaller` is registered, so the gateway is JSON-only.
   * @default "both"
   */
  readonly encodings?: "both" | "json";
  /**
   * The content type of binary responses.
   * @default "application/octet-stream", as a stock gateway does
   */
  readonly binaryContentType?: string;
  /**
   * The mux's unescaping mode.
   * @default "legacy"
   */
  readonly unescaping?: "legacy" | "all-except-reserved" | "all-except-slash" | "all-characters";
  /**
   * Whether the gateway uses TLS, with a certificate that is created at the start.
   * @default false
   */
  readonly tls?: boolean;
  /**
   * Whether the gateway offers HTTP/2 by ALPN, with `tls`.
   * @default true
   */
  readonly http2?: boolean;
  /**
   * `"generic-response"`: a custom error handler responds with a GenericResponse (`ok` false, and `error` with
   * the HTTP status as its code) instead of a google.rpc.Status.
   * @default "status"
   */
  readonly errors?: "status" | "generic-response";
  /**
   * Whether `Grpc-Metadata-*` headers reach the backend. Grpc-gateways up to v2.32.0 pass them on by default; since v2.33.0
   * they need an option. With `"dropped"`, the backend sees no plan either.
   * @default "forwarded"
   */
  readonly metadata?: "forwarded" | "dropped";
  /**
   * `"other"`: built from a customer.proto in which `config` has number 5, and number 2 is unassigned.
   * @default "ours"
   */
  readonly numbers?: "ours" | "other";
  /**
   * How the gateway writes the messages of a JSON stream: as lines; over many lines, with a blank one between them (`"pretty"`);
   * with nothing between them (`"joined"`); as server-sent events.
   * @default "lines", as a stock gateway does
   */
  readonly framing?: "lines" | "pretty" | "joined" | "events";
}

/** An rpc that reached the backend. */
export interface BackendCall {
  /** The number of the call, from 1. */
  readonly id: number;
  /** For instance `bytenite.customer.Customer/RunJob`. */
  readonly rpc: string;
  /** The request in protojson: lowerCamelCase, int64 as strings, unset fields left out. A stream has `requests`. */
  readonly request: unknown;
  /** The requests of a stream that have arrived. */
  readonly requests?: readonly unknown[];
  /** How many responses of a stream gRPC has accepted from the backend. */
  readonly sent: number;
  /** The incoming metadata, keys in lower case, the values of `-bin` keys in base64. */
  readonly metadata: Readonly<Record<string, readonly string[]>>;
  /** The remaining time of the call when it arrived; null without a deadline. */
  readonly deadlineLeftMs: number | null;
  /**
   * How the call ended: its gRPC code, and whether its context was done, because the gateway cancelled it or its deadline
   * passed. Null while it runs.
   */
  readonly ended: { readonly code: number; readonly cancelled: boolean } | null;
}

/**
 * The plan for one call of the backend. The parts can be combined. What ends a call (`status`, `hang`, `dropConnection`) does so
 * before the service sees it, and for a stream after its messages.
 */
export interface BackendPlan {
  /** Responds with this error: the base64 of a google.rpc.Status. */
  readonly status?: string;
  /** Waits this long first, or until the call is cancelled or its deadline passes. */
  readonly delayMs?: number;
  /** Waits until the call is cancelled or its deadline passes. */
  readonly hang?: boolean;
  /** Closes the connection between gateway and backend during the call. */
  readonly dropConnection?: boolean;
  /** The header metadata of the response. */
  readonly header?: Readonly<Record<string, readonly string[]>>;
  /** The trailer metadata of the response. */
  readonly trailer?: Readonly<Record<string, readonly string[]>>;
  /** The message of the GenericResponse. */
  readonly message?: string;
  /** The length of a generated message, in characters. */
  readonly messageBytes?: number;
  /** The `ok` of the GenericResponse; true unless given. */
  readonly ok?: boolean;
  /** How many responses a server-streaming method sends; 3 unless given. */
  readonly messages?: number;
  /** How many requests a stream reads before it ends; all unless given. */
  readonly reads?: number;
  /** Waits for `step()` before each message, and before the end: it reads requests so, or sends responses if it has one request. */
  readonly step?: boolean;
  /**
   * Ends the HTTP response after this many messages and this many bytes of the next one: closes the connection over HTTP/1.1, and
   * resets the stream over HTTP/2.
   */
  readonly cut?: { readonly after: number; readonly bytes: number };
}

/** A running gateway with its backend. */
export interface Gateway extends AsyncDisposable {
  /** `http(s)://127.0.0.1:port`. */
  readonly origin: string;
  /** The base URL for JobsClient. */
  readonly customerUrl: string;
  /** The base URL for the other services. */
  readonly libraryUrl: string;
  /** The access token that the Customer backend requires. */
  readonly accessToken: string;
  /** The server's own certificate as PEM, with `tls`. */
  readonly certificate: string | undefined;
  /** The calls of the backend since the start or the last `clear()`, oldest first. */
  calls(): Promise<readonly BackendCall[]>;
  /** Clears the record of calls. */
  clear(): Promise<void>;
  /** Resolves with the first call that matches (rejects after 2 minutes). */
  callThat(fits: (call: BackendCall) => boolean): Promise<BackendCall>;
  /** Lets the streams with `step` in their plan go on, by this many messages. */
  step(count?: number): Promise<void>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Starts a gateway with its backend in a child process. `npm run test:interop` builds it. */
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
    step: record.step,
    close: running.close,
    [Symbol.asyncDispose]: running.close,
  };
}

/** The x-test-plan of a call, as `metadata` for CallOptions: `{ metadata: plan({ delayMs: 50 }) }`. */
export function plan(plan: BackendPlan): { readonly "x-test-plan": string } {
  // A gateway drops values with bytes outside 0x20-0x7E, so the JSON escapes other characters.
  const json = JSON.stringify(plan).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return { "x-test-plan": json };
}

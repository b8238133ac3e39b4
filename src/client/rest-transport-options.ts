import { inspect } from "node:util";
import type { Registry } from "@bufbuild/protobuf";
import type { Dispatcher } from "undici";
import { registryWith } from "../codecs/default-registry.ts";
import { encodingOf, PROTOBUF_MEDIA_TYPE } from "../codecs/media-type.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { type RetryPolicy, type RetrySettings, retrySettings } from "../policies/retry-policy.ts";
import type { FieldMaskForm } from "../transcoding/field-text.ts";
import { type BaseUrl, parseBaseUrl } from "./base-url.ts";
import { type EncodingOption, type EncodingPair, encodingPair } from "./encoding-option.ts";
import type { Interceptor } from "./interceptor.ts";
import { checkedNamedValues } from "./named-values.ts";
import { checkedHeaderName, checkedHeaderValue } from "./request-headers.ts";

/** A header that every call carries; a function is asked on every attempt. */
export type HeaderSource = string | (() => string | Promise<string>);

/** What a transport is made from. */
export interface RestTransportOptions {
  /** Where the service is, for instance `"https://api.example.com/v1"`. The path stands before every route. */
  readonly baseUrl: string | URL;
  /**
   * How bodies are written. A method whose http rule cannot be binary goes as JSON all the same.
   *
   * @default "protobuf"
   */
  readonly encoding?: EncodingOption | undefined;
  /**
   * Whether a call that the server refused, in anything but binary, is sent once more as JSON. The transport
   * remembers a server that speaks JSON only for 5 minutes.
   *
   * @default true
   */
  readonly jsonFallback?: boolean | undefined;
  /**
   * The deadline of a whole call, retries included, in milliseconds; `0` is none.
   *
   * @default 30_000
   */
  readonly timeoutMs?: number | undefined;
  /** How failed attempts are made again; `false`: not at all. */
  readonly retry?: RetryPolicy | false | undefined;
  /**
   * A longer answer is an error, found while it streams, in bytes.
   *
   * @default 4_194_304 (4 MiB)
   */
  readonly maxResponseBytes?: number | undefined;
  /** HTTP headers of every call. With `te: "trailers"` a grpc-gateway sends trailing metadata too. */
  readonly headers?: Readonly<Record<string, HeaderSource | undefined>> | undefined;
  /** Stand around every call, the first one outermost. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /**
   * Any undici Dispatcher: a proxy, mTLS, a mock. It is never closed by us.
   *
   * @default a pool of the transport's own
   */
  readonly dispatcher?: Dispatcher | undefined;
  /**
   * Message types that may stand inside of a google.protobuf.Any, which JSON needs to know. In an answer, one
   * that is not known becomes a google.protobuf.Struct with all that it held, `@type` included.
   *
   * @default the error details of google.rpc; they are known besides those given here, too
   */
  readonly registry?: Registry | undefined;
  /**
   * How 64-bit integers are written in JSON bodies: as text, which is protobuf's canonical form and what every server
   * that has the .proto reads, or as a number with all its digits, which is what an OpenAPI description means by
   * `"type": "integer"`. Keys of maps are text in both. Both are read.
   *
   * @default "string"
   * @see https://protobuf.dev/programming-guides/json/
   */
  readonly jsonInt64?: "string" | "number" | undefined;
  /**
   * What binary bodies are called on the wire.
   *
   * @default "application/x-protobuf"
   */
  readonly protobufMediaType?: string | undefined;
  /**
   * The header that carries the deadline in gRPC's form (`300m`); `false` sends none.
   *
   * @default "Grpc-Timeout"
   */
  readonly timeoutHeader?: string | false | undefined;
  /**
   * Whether credentials may go over `http:` to a host that is not this machine.
   *
   * @default false
   */
  readonly allowInsecure?: boolean | undefined;
  /**
   * How the paths of a google.protobuf.FieldMask are written in a query: `"snake_case"`, as the .proto file spells them,
   * which is what a grpc-gateway passes on (grpc-gateway#4134), or `"camelCase"`, as Google's servers and vanguard read
   * them. In JSON bodies they are always in camelCase. A path that would be read as another one is `InvalidArgument`.
   *
   * @default "snake_case"
   */
  readonly queryFieldMask?: "snake_case" | "camelCase" | undefined;
}

/** {@link RestTransportOptions}, checked and with every default filled in. */
export interface TransportSettings {
  readonly baseUrl: BaseUrl;
  readonly encoding: EncodingPair;
  readonly jsonFallback: boolean;
  readonly timeoutMs: number;
  readonly retry: RetrySettings;
  readonly maxResponseBytes: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, HeaderSource>;
  readonly interceptors: readonly Interceptor[];
  readonly dispatcher: Dispatcher | undefined;
  readonly registry: Registry;
  readonly jsonInt64: "string" | "number";
  readonly protobufMediaType: string;
  /** In lower case. */
  readonly timeoutHeader: string | undefined;
  readonly allowInsecure: boolean;
  readonly queryFieldMask: FieldMaskForm;
  /** Whether credentials must not be sent to the base URL. */
  readonly refusesCredentials: boolean;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

const known: Readonly<Record<keyof RestTransportOptions, true>> = {
  baseUrl: true,
  encoding: true,
  jsonFallback: true,
  retry: true,
  timeoutMs: true,
  maxResponseBytes: true,
  headers: true,
  interceptors: true,
  dispatcher: true,
  registry: true,
  jsonInt64: true,
  protobufMediaType: true,
  timeoutHeader: true,
  allowInsecure: true,
  queryFieldMask: true,
};

/** Checks a transport's options. Every error names the option; none shows a value that may be a secret. */
export function transportSettings(options: RestTransportOptions): TransportSettings {
  if (typeof options !== "object" || options === null) throw invalidArgument("options must be an object");
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) throw invalidArgument(`there is no option ${JSON.stringify(name)}`);
  }
  const baseUrl = parseBaseUrl(options.baseUrl);
  const timeoutHeader = checkedTimeoutHeader(options.timeoutHeader ?? "grpc-timeout");
  const allowInsecure = checkedBoolean("allowInsecure", options.allowInsecure ?? false);
  return {
    baseUrl,
    encoding: encodingPair(options.encoding ?? "protobuf"),
    jsonFallback: checkedBoolean("jsonFallback", options.jsonFallback ?? true),
    retry: retrySettings(options.retry),
    timeoutMs: checkedTimeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    maxResponseBytes: checkedMaxBytes(options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES),
    headers: checkedHeaders(options.headers ?? {}, timeoutHeader),
    interceptors: checkedInterceptors(options.interceptors ?? []),
    dispatcher: checkedDispatcher(options.dispatcher),
    registry: registryWith(checkedRegistry(options.registry)),
    jsonInt64: checkedJsonInt64(options.jsonInt64 ?? "string"),
    protobufMediaType: checkedMediaType(options.protobufMediaType ?? PROTOBUF_MEDIA_TYPE),
    timeoutHeader,
    allowInsecure,
    queryFieldMask: checkedFieldMask(options.queryFieldMask ?? "snake_case"),
    refusesCredentials: baseUrl.isPlaintext && !allowInsecure,
  };
}

/** Checks a deadline in milliseconds. */
export function checkedTimeout(timeoutMs: number): number {
  if (typeof timeoutMs === "number" && Number.isFinite(timeoutMs) && timeoutMs >= 0) return timeoutMs;
  throw invalidArgument("timeoutMs must be a number of milliseconds, or 0 for no deadline");
}

function checkedMaxBytes(maxBytes: number): number {
  if (Number.isSafeInteger(maxBytes) && maxBytes > 0) return maxBytes;
  throw invalidArgument("maxResponseBytes must be a whole number of bytes above 0");
}

function checkedBoolean(option: string, value: boolean): boolean {
  if (typeof value === "boolean") return value;
  throw invalidArgument(`${option} must be true or false`);
}

function checkedHeaders(
  headers: NonNullable<RestTransportOptions["headers"]>,
  timeoutHeader: string | undefined,
): Map<string, HeaderSource> {
  const checked = new Map<string, HeaderSource>();
  for (const [name, value] of Object.entries(checkedNamedValues("headers", headers))) {
    if (value === undefined) continue;
    const lower = checkedHeaderName(name, "headers");
    if (lower === timeoutHeader) throw invalidArgument(`headers: ${name} is what timeoutMs sets`);
    if (checked.has(lower)) throw invalidArgument(`headers: ${name} stands there twice`);
    checked.set(lower, typeof value === "function" ? value : checkedHeaderValue(name, value, "headers"));
  }
  return checked;
}

/** Checks interceptors of any kind, and copies their list, which is the caller's. */
export function checkedInterceptors<Each>(interceptors: readonly Each[]): Each[] {
  // Not by every(), which passes over the holes of a list.
  if (Array.isArray(interceptors) && [...interceptors].every((each) => typeof each === "function")) {
    return [...interceptors];
  }
  throw invalidArgument("interceptors must be an array of functions");
}

function checkedDispatcher(dispatcher: Dispatcher | undefined): Dispatcher | undefined {
  if (dispatcher === undefined || typeof dispatcher?.dispatch === "function") return dispatcher;
  throw invalidArgument("dispatcher must be a Dispatcher of undici");
}

function checkedRegistry(registry: Registry | undefined): Registry | undefined {
  if (registry === undefined || registry?.kind === "registry") return registry;
  throw invalidArgument("registry must be a Registry of protobuf-es");
}

function checkedJsonInt64(form: "string" | "number"): "string" | "number" {
  if (form === "string" || form === "number") return form;
  throw invalidArgument(`jsonInt64 must be "string" or "number", not ${inspect(form, { depth: 0 })}`);
}

function checkedMediaType(mediaType: string): string {
  if (typeof mediaType === "string" && /^[\w.+-]+\/[\w.+-]+$/.test(mediaType)) {
    const lower = mediaType.toLowerCase();
    if (encodingOf(lower) !== "json") return lower;
  }
  throw invalidArgument(
    'protobufMediaType must be a media type without parameters, such as "application/protobuf"',
  );
}

function checkedTimeoutHeader(name: string | false): string | undefined {
  if (name === false) return undefined;
  if (typeof name !== "string") throw invalidArgument("timeoutHeader must be the name of a header, or false");
  return checkedHeaderName(name, "timeoutHeader");
}

function checkedFieldMask(form: FieldMaskForm): FieldMaskForm {
  if (form === "snake_case" || form === "camelCase") return form;
  const given = typeof form === "string" ? `, not ${JSON.stringify(form)}` : "";
  throw invalidArgument(`queryFieldMask must be "snake_case" or "camelCase"${given}`);
}

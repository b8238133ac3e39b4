import { inspect } from "node:util";
import type { Registry } from "@bufbuild/protobuf";
import type { Dispatcher } from "undici";
import { registryWith } from "../codecs/default-registry.ts";
import { encodingOf, PROTOBUF_MEDIA_TYPE } from "../codecs/media-type.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { type RetryPolicy, type RetrySettings, retrySettings } from "../policies/retry-policy.ts";
import type { ReadError } from "../responses/read-error-response.ts";
import type { FieldMaskForm } from "../transcoding/field-text.ts";
import type { HttpRuleJson } from "../transcoding/http-rule-json.ts";
import { type HttpRules, parseHttpRules } from "../transcoding/http-rules.ts";
import { type BaseUrl, parseBaseUrl } from "./base-url.ts";
import { type CompressionOption, compressedFrom } from "./compression-option.ts";
import { type EncodingOption, type EncodingPair, encodingPair } from "./encoding-option.ts";
import type { Interceptor } from "./interceptor.ts";
import { checkedParameters } from "./query-parameters.ts";
import { checkedHeaderName, checkedHeaderValue, checkedNamedValues } from "./request-headers.ts";

/** The value of a header or a query parameter, or a function that returns it and is called on every attempt. */
export type HeaderSource = string | (() => string | Promise<string>);

/** The options of a transport. */
export interface RestTransportOptions {
  /** The URL of the service, for instance `"https://api.example.com/v1"`. Its path is the prefix of every route. */
  readonly baseUrl: string | URL;
  /**
   * The encoding of request and response bodies. A method whose http rule does not allow binary uses JSON.
   *
   * @default "protobuf"
   */
  readonly encoding?: EncodingOption | undefined;
  /**
   * Whether the client repeats a call in JSON if the server rejects binary, with a response that is not binary itself. The
   * transport remembers for 5 minutes that a server accepts only JSON.
   *
   * @default true
   */
  readonly jsonFallback?: boolean | undefined;
  /**
   * The timeout of a whole call, retries included, in milliseconds; `0` is none. A streaming method has only that of its own
   * call.
   *
   * @default 30_000
   */
  readonly timeoutMs?: number | undefined;
  /** How the client retries failed attempts; `false` disables retries. */
  readonly retry?: RetryPolicy | false | undefined;
  /**
   * The maximum length of a response body, in bytes. A longer one is an error as soon as it exceeds the limit. Of a stream,
   * it is the maximum length of each message.
   *
   * @default 4_194_304 (4 MiB)
   */
  readonly maxResponseBytes?: number | undefined;
  /** HTTP headers of every call. With `te: "trailers"` a grpc-gateway also sends trailing metadata. */
  readonly headers?: Readonly<Record<string, HeaderSource | undefined>> | undefined;
  /**
   * Query parameters of every call, beside those of its message. Values whose names are those of secrets, such as `key` and
   * `access_token`, are redacted in errors. A parameter that a message sets too is `InvalidArgument`.
   */
  readonly query?: Readonly<Record<string, HeaderSource | undefined>> | undefined;
  /** Interceptors around every call, the first one outermost. */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /**
   * Any undici Dispatcher: a proxy, mTLS, a mock. The transport never closes it.
   *
   * @default a pool that the transport owns
   */
  readonly dispatcher?: Dispatcher | undefined;
  /**
   * The message types that JSON needs to encode and decode a google.protobuf.Any. In a response, an Any of another type
   * becomes a google.protobuf.Struct with all its content, `@type` included.
   *
   * @default the error details of google.rpc, which are always known
   */
  readonly registry?: Registry | undefined;
  /**
   * How 64-bit integers are written in JSON bodies. `"string"` is protobuf's canonical form, which every server with the
   * .proto reads. `"number"` writes all digits, as an OpenAPI description with `"type": "integer"` expects. Map keys are
   * always strings. Responses may have either form.
   *
   * @default "string"
   * @see https://protobuf.dev/programming-guides/json/
   */
  readonly jsonInt64?: "string" | "number" | undefined;
  /**
   * The media type of binary bodies.
   *
   * @default "application/x-protobuf"
   */
  readonly protobufMediaType?: string | undefined;
  /**
   * The header with the remaining time in gRPC's format (`300m`); `false` sends none.
   *
   * @default "Grpc-Timeout"
   */
  readonly timeoutHeader?: string | false | undefined;
  /**
   * Whether credentials may travel over `http:` to another host.
   *
   * @default false
   */
  readonly allowInsecure?: boolean | undefined;
  /**
   * How the paths of a google.protobuf.FieldMask are written in a query. `"snake_case"` is the spelling in the .proto file,
   * which a grpc-gateway expects (grpc-gateway#4134). `"camelCase"` is what Google's servers and vanguard expect. JSON
   * bodies always use camelCase. A path that the server would read as another path is `InvalidArgument`.
   *
   * @default "snake_case"
   */
  readonly queryFieldMask?: "snake_case" | "camelCase" | undefined;
  /**
   * Http rules for methods whose .proto file has none, or other ones: a list of `google.api.HttpRule` in JSON, each with a
   * `selector`. The last rule that selects a method replaces its annotation.
   */
  readonly httpRules?: readonly HttpRuleJson[] | undefined;
  /**
   * Reads the error responses of a service that has its own form of them. It returns what it finds there; the client reads
   * the rest by itself. The outcome of a call, and whether the client retries, always come from the HTTP status. If the
   * function throws, its error is ignored.
   */
  readonly readError?: ReadError | undefined;
  /**
   * Compresses request bodies of at least 1,024 bytes, or `minBytes`. A grpc-gateway itself does not decompress requests:
   * it needs a proxy or an HTTP handler in front of it that does. If a server rejects a compressed request, with 415 or as
   * malformed, the client sends it again uncompressed. The transport remembers for 5 minutes that this worked. The raw body
   * of a google.api.HttpBody is never compressed.
   *
   * @default no compression
   */
  readonly compressRequests?: CompressionOption | undefined;
}

/** Validated {@link RestTransportOptions}, with all defaults. */
export interface TransportSettings {
  readonly baseUrl: BaseUrl;
  readonly encoding: EncodingPair;
  readonly jsonFallback: boolean;
  readonly timeoutMs: number;
  readonly retry: RetrySettings;
  readonly maxResponseBytes: number;
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, HeaderSource>;
  readonly query: ReadonlyMap<string, HeaderSource>;
  readonly interceptors: readonly Interceptor[];
  readonly dispatcher: Dispatcher | undefined;
  readonly registry: Registry;
  readonly jsonInt64: "string" | "number";
  readonly protobufMediaType: string;
  /** In lower case. */
  readonly timeoutHeader: string | undefined;
  readonly allowInsecure: boolean;
  readonly queryFieldMask: FieldMaskForm;
  readonly httpRules: HttpRules;
  readonly readError: ReadError | undefined;
  /** The length from which on request bodies are compressed, in bytes; Infinity for none. */
  readonly compressedFrom: number;
  /** Whether credentials must not be sent to the base URL. */
  readonly forbidsCredentials: boolean;
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
  query: true,
  interceptors: true,
  dispatcher: true,
  registry: true,
  jsonInt64: true,
  protobufMediaType: true,
  timeoutHeader: true,
  allowInsecure: true,
  queryFieldMask: true,
  httpRules: true,
  readError: true,
  compressRequests: true,
};

/** Validates a transport's options. Errors name the option, and never show a value that may be a secret. */
export function transportSettings(options: RestTransportOptions): TransportSettings {
  if (typeof options !== "object" || options === null) throw invalidArgument("options must be an object");
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(known, name)) throw invalidArgument(`there is no option ${JSON.stringify(name)}`);
  }
  const baseUrl = parseBaseUrl(options.baseUrl);
  const timeoutHeader = checkedTimeoutHeader(options.timeoutHeader ?? "grpc-timeout");
  const allowInsecure = checkedBoolean("allowInsecure", options.allowInsecure ?? false);
  const forbidsCredentials = baseUrl.isPlaintext && !allowInsecure;
  return {
    baseUrl,
    encoding: encodingPair(options.encoding ?? "protobuf"),
    jsonFallback: checkedBoolean("jsonFallback", options.jsonFallback ?? true),
    retry: retrySettings(options.retry),
    timeoutMs: checkedTimeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    maxResponseBytes: checkedMaxBytes(options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES),
    headers: checkedHeaders(options.headers ?? {}, timeoutHeader),
    query: checkedParameters(options.query ?? {}, forbidsCredentials),
    interceptors: checkedInterceptors(options.interceptors ?? []),
    dispatcher: checkedDispatcher(options.dispatcher),
    registry: registryWith(checkedRegistry(options.registry)),
    jsonInt64: checkedJsonInt64(options.jsonInt64 ?? "string"),
    protobufMediaType: checkedMediaType(options.protobufMediaType ?? PROTOBUF_MEDIA_TYPE),
    timeoutHeader,
    allowInsecure,
    queryFieldMask: checkedFieldMask(options.queryFieldMask ?? "snake_case"),
    httpRules: parseHttpRules(options.httpRules, invalidArgument),
    readError: checkedReadError(options.readError),
    compressedFrom: compressedFrom(options.compressRequests),
    forbidsCredentials,
  };
}

/** Validates a timeout in milliseconds. */
export function checkedTimeout(timeoutMs: number): number {
  if (typeof timeoutMs === "number" && Number.isFinite(timeoutMs) && timeoutMs >= 0) return timeoutMs;
  throw invalidArgument("timeoutMs must be a number of milliseconds, or 0 for no timeout");
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
    if (lower === timeoutHeader) throw invalidArgument(`headers: ${name} is set by timeoutMs`);
    if (checked.has(lower)) throw invalidArgument(`headers: ${name} is given twice`);
    checked.set(lower, typeof value === "function" ? value : checkedHeaderValue(name, value, "headers"));
  }
  return checked;
}

/** Validates interceptors and copies their list, because the caller may change it. */
export function checkedInterceptors<Each>(interceptors: readonly Each[]): Each[] {
  // Spread first, because every() skips the holes of an array.
  if (Array.isArray(interceptors) && [...interceptors].every((each) => typeof each === "function")) {
    return [...interceptors];
  }
  throw invalidArgument("interceptors must be an array of functions");
}

function checkedDispatcher(dispatcher: Dispatcher | undefined): Dispatcher | undefined {
  if (dispatcher === undefined || typeof dispatcher?.dispatch === "function") return dispatcher;
  const hint =
    process.versions.bun === undefined
      ? ""
      : '; on Bun, import it from "undici/index.js", because its own "undici" is a stub that sends nothing';
  throw invalidArgument(`dispatcher must be a Dispatcher of undici${hint}`);
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

function checkedReadError(readError: ReadError | undefined): ReadError | undefined {
  if (readError === undefined || typeof readError === "function") return readError;
  throw invalidArgument("readError must be a function");
}

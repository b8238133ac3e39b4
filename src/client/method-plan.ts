import type { DescMethod, Message } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { type Encoding, JSON_MEDIA_TYPE } from "../codecs/media-type.ts";
import { Code } from "../errors/code.ts";
import { RpcError } from "../errors/rpc-error.ts";
import type { Binding, Route } from "../transcoding/binding.ts";
import { compileRoute } from "../transcoding/compile-route.ts";
import { HttpRuleError } from "../transcoding/http-rule-error.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { VERSION } from "../version.ts";
import { type BodyEncoder, bodyEncoder } from "./body-encoder.ts";
import { CallHeaders } from "./call-headers.ts";
import type { EncodingPair } from "./encoding-option.ts";
import { encodeRawBody, rawContentType } from "./raw-body.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/** What all calls of a method share, computed once. */
export interface MethodPlan {
  /** The rpc's full name, for instance `"bytenite.customer.Customer/RunJob"`. */
  readonly name: string;
  readonly route: Route;
  /** Whether the .proto marks the rpc as idempotent (`idempotency_level`). */
  readonly isIdempotent: boolean;
  /**
   * Whether a binding of the method puts fields into the query. Their values are validated before the route is found.
   * Values of the body are validated while it is encoded.
   */
  readonly hasFieldsBesideBody: boolean;
  /** The plan of one of the method's bindings for the requested encodings. */
  planFor(binding: Binding, requested: EncodingPair): BindingPlan;
}

/** What all calls of a binding share in one pair of encodings, which are those that its http rule allows. */
export interface BindingPlan {
  readonly request: Encoding;
  readonly response: Encoding;
  /** Whether `accept` or the request body is binary. */
  readonly isBinary: boolean;
  /** The library's own headers and the transport's fixed headers. */
  readonly headers: CallHeaders;
  readonly encodeBody: BodyEncoder;
  /** Reads the content type of a raw body; undefined if the body is not raw. */
  readonly rawContentType: ((message: Message) => string | undefined) | undefined;
}

/** The plans of a transport's methods, each created on the first call. */
export class MethodPlans {
  readonly #plans = new Map<DescMethod, MethodPlan>();
  readonly #settings: TransportSettings;
  readonly #fixedHeaders: readonly string[];

  /** @param fixedHeaders headers of every call, names and values in turn */
  constructor(settings: TransportSettings, fixedHeaders: readonly string[]) {
    this.#settings = settings;
    this.#fixedHeaders = settings.headers.has("user-agent")
      ? fixedHeaders
      : ["user-agent", `bytenite-jobs/${VERSION}`, ...fixedHeaders];
  }

  /** @throws RpcError `Unimplemented` if the method has no http rule or an invalid one */
  of(method: DescMethod): MethodPlan {
    let plan = this.#plans.get(method);
    if (plan === undefined) {
      plan = this.#create(method);
      this.#plans.set(method, plan);
    }
    return plan;
  }

  #create(method: DescMethod): MethodPlan {
    const name = rpcName(method);
    const route = usableRoute(method, name, this.#settings);
    const plans = new Map(route.bindings.map((binding) => [binding, this.#bindingPlans(binding)]));
    return {
      name,
      route,
      isIdempotent: method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN,
      hasFieldsBesideBody: route.bindings.some(({ requestBody }) => requestBody.kind !== "message"),
      planFor: (binding, { request, response }) => (plans.get(binding) as BindingPlans)[request][response],
    };
  }

  #bindingPlans(binding: Binding): BindingPlans {
    const { protobufMediaType } = this.#settings;
    const { requestIsRaw, responseIsRaw } = binding;
    const bodyEncoders = {
      protobuf: bodyEncoder(binding, "protobuf", this.#settings),
      json: bodyEncoder(binding, "json", this.#settings),
    };
    const mediaType = { protobuf: protobufMediaType, json: JSON_MEDIA_TYPE };
    const hasBody = binding.requestBody.kind !== "none";
    const plan = (requested: EncodingPair): BindingPlan => {
      const { request, response } = allowedEncodings(binding, requested);
      const headers = ["accept", responseIsRaw ? "*/*" : mediaType[response], ...this.#fixedHeaders];
      if (hasBody && !requestIsRaw) headers.push("content-type", mediaType[request]);
      return {
        request,
        response,
        headers: new CallHeaders(headers),
        isBinary: response === "protobuf" || (hasBody && request === "protobuf"),
        encodeBody: requestIsRaw ? (message) => encodeRawBody(binding, message) : bodyEncoders[request],
        rawContentType: requestIsRaw ? (message) => rawContentType(binding, message) : undefined,
      };
    };
    const byResponse = (request: Encoding) => ({
      protobuf: plan({ request, response: "protobuf" }),
      json: plan({ request, response: "json" }),
    });
    return { protobuf: byResponse("protobuf"), json: byResponse("json") };
  }
}

function usableRoute(method: DescMethod, name: string, settings: TransportSettings): Route {
  try {
    return compileRoute(method, settings.queryFieldMask, settings.httpRules);
  } catch (cause) {
    if (!(cause instanceof HttpRuleError)) throw cause;
    const reason = cause.message;
    throw new RpcError({ code: Code.Unimplemented, reason, outcome: "not_sent", method: name, cause });
  }
}

/** By the encoding of the request, then of the response. */
type BindingPlans = Readonly<Record<Encoding, Readonly<Record<Encoding, BindingPlan>>>>;

/**
 * The encodings that a binding allows. Binary bodies are whole messages: a stock grpc-gateway cannot read a
 * `body: "field"` in binary. If the response has to be JSON, so does the request: a gateway responds in the encoding of
 * the request unless it has a marshaler for the media type in `accept`, and by default it has none for JSON. The same holds
 * for a raw response: to a binary request, a gateway sends the google.api.HttpBody in binary.
 */
function allowedEncodings(binding: Binding, requested: EncodingPair): EncodingPair {
  const response = binding.responseIsMessage ? requested.response : "json";
  const mayBeBinary = binding.requestIsMessage && !binding.responseIsRaw && response === requested.response;
  const request = mayBeBinary ? requested.request : "json";
  return { request, response };
}

import type { DescMethodUnary } from "@bufbuild/protobuf";
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
import type { TransportSettings } from "./rest-transport-options.ts";

/** Everything about calls of one method that does not depend on the call: worked out once. */
export interface MethodPlan {
  /** The rpc's full name, for instance `"bytenite.customer.Customer/RunJob"`. */
  readonly name: string;
  readonly route: Route;
  /** Whether the .proto says that the rpc may be carried out twice (`idempotency_level`). */
  readonly isIdempotent: boolean;
  /**
   * Whether a binding of the method puts fields into the query. Their values are validated before the route is found; what
   * goes into the body is validated as it is written.
   */
  readonly hasFieldsBesideBody: boolean;
  /** How one of the method's bindings goes over the wire, for the encodings that the caller asked for. */
  planFor(binding: Binding, encodings: EncodingPair): BindingPlan;
}

/** A binding in the encodings that it can have. */
export interface BindingPlan {
  readonly request: Encoding;
  readonly response: Encoding;
  /** Whether either body, or what is said of it, is binary. */
  readonly isBinary: boolean;
  /** The library's own headers and the transport's fixed ones. */
  readonly headers: CallHeaders;
  readonly encodeBody: BodyEncoder;
}

/** The plans of a transport's methods, each made when it is first needed. */
export class MethodPlans {
  readonly #plans = new Map<DescMethodUnary, MethodPlan>();
  readonly #settings: TransportSettings;
  readonly #fixedHeaders: readonly string[];

  /** @param fixedHeaders what every call carries, names and values in turn */
  constructor(settings: TransportSettings, fixedHeaders: readonly string[]) {
    this.#settings = settings;
    this.#fixedHeaders = settings.headers.has("user-agent")
      ? fixedHeaders
      : ["user-agent", `bytenite-jobs/${VERSION}`, ...fixedHeaders];
  }

  /** @throws RpcError `Unimplemented`, if the method has no http rule, or one that does not fit it */
  of(method: DescMethodUnary): MethodPlan {
    let plan = this.#plans.get(method);
    if (plan === undefined) {
      plan = this.#make(method);
      this.#plans.set(method, plan);
    }
    return plan;
  }

  #make(method: DescMethodUnary): MethodPlan {
    const name = rpcName(method);
    const route = usableRoute(method, name, this.#settings);
    const plans = new Map(route.bindings.map((binding) => [binding, this.#plansOf(binding)]));
    return {
      name,
      route,
      isIdempotent: method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN,
      hasFieldsBesideBody: route.bindings.some(({ requestBody }) => requestBody.kind !== "message"),
      planFor: (binding, { request, response }) => (plans.get(binding) as BindingPlans)[request][response],
    };
  }

  #plansOf(binding: Binding): BindingPlans {
    const { protobufMediaType } = this.#settings;
    const bodyEncoders = {
      protobuf: bodyEncoder(binding, "protobuf", this.#settings),
      json: bodyEncoder(binding, "json", this.#settings),
    };
    const mediaType = { protobuf: protobufMediaType, json: JSON_MEDIA_TYPE };
    const hasBody = binding.requestBody.kind !== "none";
    const plan = (asked: EncodingPair): BindingPlan => {
      const { request, response } = possibleEncodings(binding, asked);
      const headers = ["accept", mediaType[response], ...this.#fixedHeaders];
      if (hasBody) headers.push("content-type", mediaType[request]);
      return {
        request,
        response,
        headers: new CallHeaders(headers),
        isBinary: response === "protobuf" || (hasBody && request === "protobuf"),
        encodeBody: bodyEncoders[request],
      };
    };
    const answeredIn = (request: Encoding) => ({
      protobuf: plan({ request, response: "protobuf" }),
      json: plan({ request, response: "json" }),
    });
    return { protobuf: answeredIn("protobuf"), json: answeredIn("json") };
  }
}

function usableRoute(method: DescMethodUnary, name: string, { queryFieldMask }: TransportSettings): Route {
  try {
    return compileRoute(method, queryFieldMask);
  } catch (cause) {
    if (!(cause instanceof HttpRuleError)) throw cause;
    const reason = cause.message;
    throw new RpcError({ code: Code.Unimplemented, reason, outcome: "not_sent", method: name, cause });
  }
}

type BindingPlans = Readonly<Record<Encoding, Readonly<Record<Encoding, BindingPlan>>>>;

/**
 * Binary bodies are whole messages, and a stock grpc-gateway cannot read a `body: "field"` in binary at all.
 * Where the answer has to be JSON the request is too: a gateway answers in the encoding of the request
 * unless it knows the one that is asked for, and out of the box it does not know JSON by name.
 */
function possibleEncodings(binding: Binding, asked: EncodingPair): EncodingPair {
  const response = binding.responseIsMessage ? asked.response : "json";
  const request = binding.requestIsMessage && response === asked.response ? asked.request : "json";
  return { request, response };
}

import type { DescMethod, Message } from "@bufbuild/protobuf";
import { validateValues } from "../codecs/validate-values.ts";
import { type RetrySettings, retrySettings } from "../policies/retry-policy.ts";
import type { Binding } from "../transcoding/binding.ts";
import { requestTarget } from "../transcoding/request-target.ts";
import { bodyInJson } from "./body-encoder.ts";
import type { CallHeaders } from "./call-headers.ts";
import type { CallOptions } from "./call-options.ts";
import { type EncodingPair, encodingPair } from "./encoding-option.ts";
import type { BindingPlan, MethodPlan } from "./method-plan.ts";
import type { RequestQuery } from "./request-query.ts";
import { checkedTimeout, type TransportSettings } from "./rest-transport-options.ts";
import { checkCallOptions } from "./validate-call-options.ts";

/** A call as its interceptors have left it. */
export interface CallRequest extends CallOptions {
  readonly method: DescMethod;
  /** The message that fills the route; of a stream of requests, an empty one. */
  readonly message: Message;
}

/** A call that has passed every check: what does not change from attempt to attempt. */
export interface PreparedCall {
  readonly plan: MethodPlan;
  readonly binding: Binding;
  /** Path and query, behind the base URL, without what changes from attempt to attempt. */
  readonly target: string;
  /** The part of the query that comes from options. */
  readonly query: RequestQuery;
  readonly message: Message;
  readonly timeoutMs: number;
  readonly encodings: EncodingPair;
  readonly retry: RetrySettings;
}

/** What preparing a call needs from its transport. */
export interface PrepareContext {
  readonly settings: TransportSettings;
  readonly query: RequestQuery;
}

export const asJson: EncodingPair = { request: "json", response: "json" };

/** A prepared call in one pair of encodings. */
export interface EncodedRequest {
  readonly plan: BindingPlan;
  readonly headers: CallHeaders;
  readonly body: Uint8Array | null;
}

/**
 * Checks a call and finds its route.
 *
 * @throws an error about the message or an option that cannot be sent
 */
export function prepareCall(
  plan: MethodPlan,
  request: CallRequest,
  { settings, query: transportQuery }: PrepareContext,
): PreparedCall {
  checkCallOptions(request);
  const { message, encoding, timeoutMs, retry } = request;
  if (plan.hasFieldsBesideBody) validateValues(plan.route.method.input, message);
  const query = transportQuery.and(request.query, settings.forbidsCredentials);
  const { binding, target } = requestTarget(plan.route, message);
  return {
    plan,
    binding,
    target: query.appendTo(target),
    query,
    message,
    timeoutMs: timeoutMs === undefined ? settings.timeoutMs : checkedTimeout(timeoutMs),
    encodings: encoding === undefined ? settings.encoding : encodingPair(encoding),
    retry: retrySettings(retry, settings.retry),
  };
}

/**
 * Encodes a prepared call.
 *
 * @throws an error about the message or a header that cannot be encoded
 */
export function encodeCall(
  { plan: methodPlan, binding, message }: PreparedCall,
  encodings: EncodingPair,
  request: CallRequest,
  settings: TransportSettings,
): EncodedRequest {
  const plan = methodPlan.planFor(binding, encodings);
  return {
    plan,
    headers: plan.headers.and(request, settings, plan.rawContentType?.(message)),
    body: plan.encodeBody(message),
  };
}

/**
 * Encodes a request again, in JSON. It starts from the bytes that were sent, because the caller may have changed the
 * message since.
 *
 * @throws an error about a value that JSON cannot represent
 */
export function inJson(
  { plan: methodPlan, binding }: PreparedCall,
  sent: EncodedRequest,
  settings: TransportSettings,
): EncodedRequest {
  const plan = methodPlan.planFor(binding, asJson);
  return {
    plan,
    headers: plan.headers.andOwnOf(sent.headers),
    body: sent.plan.request === "json" ? sent.body : bodyInJson(binding, sent.body, settings),
  };
}

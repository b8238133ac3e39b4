import type {
  DescMethodUnary,
  DescService,
  Message,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { validateService } from "../transcoding/compile-route.ts";
import { methodKey } from "../transcoding/rpc-name.ts";
import type { CallOptions } from "./call-options.ts";
import type { UnaryResponse } from "./interceptor.ts";
import { httpRulesOf, type Transport } from "./transport.ts";

/**
 * A client with one method for each unary rpc of a service, typed by the generated descriptor. An rpc `Then` becomes
 * `then$`, so that a client is not mistaken for a promise.
 */
export type Client<Service extends DescService> = {
  readonly [Name in keyof Service["method"] as Name extends "then"
    ? "then$"
    : Name]: Service["method"][Name] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : never;
};

/**
 * Creates a client for a service whose methods have `google.api.http` rules, or rules in the transport's `httpRules`. It validates the rules now, and compiles a
 * method on its first call. A method without a rule, or a streaming method, rejects with `Unimplemented`, outcome
 * `"not_sent"`.
 *
 * @throws HttpRuleError with all problems of the rules, if there are any
 */
export function createClient<Service extends DescService>(
  service: Service,
  transport: Transport,
): Client<Service> {
  validateService(service, httpRulesOf(transport));
  const methods = service.methods.map((method) => [
    methodKey(method),
    (request: MessageInitShape<typeof method.input>, options?: CallOptions) =>
      // The transport rejects calls of streaming methods: they have no route.
      transport.unary(method as DescMethodUnary, request, options).then(messageOf),
  ]);
  return Object.fromEntries(methods) as Client<Service>;
}

function messageOf({ message }: UnaryResponse): Message {
  return message;
}

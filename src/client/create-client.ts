import type {
  DescMethodUnary,
  DescService,
  Message,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { checkService } from "../transcoding/compile-route.ts";
import { methodKey } from "../transcoding/rpc-name.ts";
import type { CallOptions } from "./call-options.ts";
import type { UnaryResponse } from "./interceptor.ts";
import type { Transport } from "./transport.ts";

/**
 * One method for each unary rpc of a service, typed from its generated descriptor. A method `Then` is called `then$`, so
 * that a client is no promise.
 */
export type Client<Service extends DescService> = {
  readonly [Name in keyof Service["method"] as Name extends "then"
    ? "then$"
    : Name]: Service["method"][Name] extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : never;
};

/**
 * A client for a service whose methods have `google.api.http` rules. The rules are checked here; the rest of what a
 * method needs is done when it is first called. One without a rule, or one that streams, rejects with `Unimplemented`,
 * outcome `"not_sent"`, when it is called.
 *
 * @throws HttpRuleError with everything that is wrong with the rules, if anything is
 */
export function createClient<Service extends DescService>(
  service: Service,
  transport: Transport,
): Client<Service> {
  checkService(service);
  const methods = service.methods.map((method) => [
    methodKey(method),
    (request: MessageInitShape<typeof method.input>, options?: CallOptions) =>
      // One that is not unary has no route, and the transport says so.
      transport.unary(method as DescMethodUnary, request, options).then(messageOf),
  ]);
  return Object.fromEntries(methods) as Client<Service>;
}

function messageOf({ message }: UnaryResponse): Message {
  return message;
}

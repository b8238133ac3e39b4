import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import { runUnaryCall } from "@connectrpc/connect/protocol";
import { invalidCall } from "../client/invalid-call.ts";
import type { InnerCall } from "../client/rest-transport.ts";
import { messageFromInit } from "../codecs/message-from-init.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { type CallArguments, ConnectCall, type ConnectContext } from "./connect-call.ts";
import { receivedHeaders, receivedTrailers } from "./headers.ts";

/** Makes a call through Connect's interceptors. Every failure is a ConnectError. */
export async function connectUnaryCall<I extends DescMessage, O extends DescMessage>(
  context: ConnectContext,
  args: CallArguments<DescMethodUnary<I, O>>,
  input: MessageInitShape<I>,
  innerCall: InnerCall,
): Promise<UnaryResponse<I, O>> {
  const { method } = args;
  const call = new ConnectCall(context, args);
  try {
    const message = messageOf(method, input);
    return await runUnaryCall<I, O>({
      ...call.runOptions,
      req: { stream: false, ...call.requestWith(message), message },
      next: async (request) => {
        try {
          return await callOnce(call, request, innerCall);
        } catch (error) {
          throw call.errors.convert(error, request.signal);
        }
      },
    });
  } catch (error) {
    throw call.errors.final(error);
  }
}

function messageOf<I extends DescMessage>(
  method: DescMethodUnary<I>,
  input: MessageInitShape<I>,
): MessageShape<I> {
  try {
    return messageFromInit(method.input, input);
  } catch (error) {
    throw invalidCall(error, rpcName(method));
  }
}

/** Makes one request of a call: interceptors may call `next` more than once. */
async function callOnce<I extends DescMessage, O extends DescMessage>(
  call: ConnectCall<DescMethodUnary<I, O>>,
  request: UnaryRequest<I, O>,
  innerCall: InnerCall,
): Promise<UnaryResponse<I, O>> {
  const { method, message } = request;
  const { options, release } = call.optionsOf(request);
  try {
    const response = await innerCall(method, message as never, options);
    return {
      stream: false,
      service: method.parent,
      method,
      header: receivedHeaders(response.headers),
      trailer: receivedTrailers(response.headers, response.metadata),
      message: response.message,
    };
  } finally {
    release();
  }
}

import { RpcError } from "../../../src/errors/rpc-error.ts";

/** What a stream gave, and the RpcError that it ended with. */
export interface StreamRead<Message> {
  readonly messages: readonly Message[];
  readonly error: RpcError | undefined;
}

/** Reads a stream to its end. */
export async function readStream<Message>(stream: AsyncIterable<Message>): Promise<StreamRead<Message>> {
  const messages: Message[] = [];
  try {
    for await (const message of stream) messages.push(message);
  } catch (error) {
    if (error instanceof RpcError) return { messages, error };
    throw new Error("the stream failed with another error than an RpcError", { cause: error });
  }
  return { messages, error: undefined };
}

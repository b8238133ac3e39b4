import { buffer } from "node:stream/consumers";
import type { DescMessage, Message, Registry } from "@bufbuild/protobuf";
import { CodecError } from "../../codecs/codec-error.ts";
import { messageFromJson } from "../../codecs/json-decoder.ts";
import { asError } from "../../errors/as-error.ts";
import { Code } from "../../errors/code.ts";
import { RpcError } from "../../errors/rpc-error.ts";
import { JsonSplitter } from "../../streams/json-splitter.ts";
import { StreamFormatError } from "../../streams/stream-format-error.ts";
import type { CommandContext } from "../command.ts";
import { UsageError } from "../options.ts";

/**
 * Reads the only request of a call: the operand, or standard input for `-`.
 *
 * @throws UsageError if it is not such a message
 */
export async function readRequest(
  input: DescMessage,
  registry: Registry,
  context: CommandContext,
): Promise<Message> {
  const [, operand] = context.options.positionals;
  const json = operand === "-" ? await readInput(context) : (operand ?? "{}");
  return requestFrom(input, json, registry, "the request");
}

/**
 * Reads the requests of a stream, JSON texts one after the other: the operand, or standard input for `-`. Those of standard
 * input are given as they come, so a mistake in one is found only then.
 *
 * @param signal ends the wait for standard input
 * @throws UsageError if something in the operand is not such a message
 */
export function readRequests(
  input: DescMessage,
  registry: Registry,
  { options, terminal }: CommandContext,
  signal: AbortSignal,
): AsyncIterable<Message> | readonly Message[] {
  const [, operand = ""] = options.positionals;
  let count = 0;
  const toRequest = (json: string) => requestFrom(input, json, registry, `request ${++count}`);
  if (operand === "-") return eachOf(terminal.input(signal), toRequest);
  const splitter = new JsonSplitter(Number.MAX_SAFE_INTEGER);
  return [...textsIn(splitter, Buffer.from(operand)), ...lastTextsIn(splitter)].map(toRequest);
}

async function* eachOf<T>(
  chunks: AsyncIterable<Uint8Array>,
  toRequest: (json: string) => T,
): AsyncGenerator<T> {
  const splitter = new JsonSplitter(Number.MAX_SAFE_INTEGER);
  for await (const chunk of chunks) {
    for (const text of textsIn(splitter, chunk)) yield toRequest(text);
  }
  for (const text of lastTextsIn(splitter)) yield toRequest(text);
}

function* textsIn(splitter: JsonSplitter, chunk: Uint8Array): Generator<string> {
  try {
    splitter.push(chunk);
    for (let text = splitter.next(); text !== undefined; text = splitter.next()) yield text;
  } catch (error) {
    throw notRequests(error);
  }
}

function* lastTextsIn(splitter: JsonSplitter): Generator<string> {
  // A number ends only with what follows it.
  yield* textsIn(splitter, Buffer.from("\n"));
  try {
    splitter.end();
  } catch (error) {
    throw notRequests(error);
  }
}

function notRequests(error: unknown): unknown {
  if (!(error instanceof StreamFormatError)) return error;
  return new UsageError(`the requests are not JSON texts: ${error.message}`);
}

/** Reads a request strictly: a name that does not exist is a mistake, not a field of a newer schema. */
function requestFrom(input: DescMessage, json: string, registry: Registry, which: string): Message {
  try {
    return messageFromJson(input, json, { registry, unknownFields: "error" });
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new UsageError(`${which} does not fit ${input.typeName}: ${error.message}`);
  }
}

async function readInput({ terminal, interruption }: CommandContext): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await buffer(terminal.input(interruption.signal));
  } catch (cause) {
    const { signal } = interruption;
    if (!signal.aborted) throw new UsageError(`cannot read standard input: ${asError(cause).message}`);
    throw new RpcError({ code: Code.Cancelled, reason: "interrupted", outcome: "not_sent", cause });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError("standard input is not UTF-8");
  }
}

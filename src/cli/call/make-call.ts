import type { DescMethodUnary, FileRegistry, Message, Registry } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { Dispatcher } from "undici";
import { parseBaseUrl } from "../../client/base-url.ts";
import { isSecretParameter } from "../../client/query-parameters.ts";
import { isCredential } from "../../client/request-headers.ts";
import { createRestTransport } from "../../client/rest-transport.ts";
import type { RestTransportOptions } from "../../client/rest-transport-options.ts";
import type { Transport } from "../../client/transport.ts";
import { CodecError } from "../../codecs/codec-error.ts";
import { registryWith } from "../../codecs/default-registry.ts";
import { messageFromJson } from "../../codecs/json-decoder.ts";
import { asError } from "../../errors/as-error.ts";
import { Code } from "../../errors/code.ts";
import { RpcError } from "../../errors/rpc-error.ts";
import { createPool } from "../../http/pool.ts";
import type { Dispatch } from "../../http/undici-exchange.ts";
import { rpcName } from "../../transcoding/rpc-name.ts";
import type { CommandContext } from "../command.ts";
import { ExitStatus } from "../exit-status.ts";
import { type LibraryNames, withCommandLineNames } from "../option-names.ts";
import { encodingFrom, type ParsedOptions, requiredText, UsageError, wholeNumber } from "../options.ts";
import type { FailureNotes } from "../report-error.ts";
import { escapeControls } from "../terminal.ts";
import { httpLog } from "./http-log.ts";
import { detailJson, indented, responseText } from "./message-json.ts";
import { ExchangeCollector, ExchangePrinter } from "./show-exchange.ts";

type Settings = Pick<RestTransportOptions, "headers" | "httpRules" | "query">;

/** Makes a call as the command line says, and prints the response. */
export async function makeCall(
  method: DescMethodUnary,
  registry: FileRegistry,
  settings: Settings,
  context: CommandContext,
): Promise<ExitStatus> {
  const { options, terminal, isJson, interruption, note } = context;
  const types = registryWith(registry);
  note(notesAbout(method, settings, types));
  const baseUrl = requiredText(options, "base-url", "<url>");
  const { origin } = parseBaseUrl(baseUrl, "--base-url");
  const collector = isJson && options.flag("verbose") ? new ExchangeCollector() : undefined;
  const log = collector ?? (options.flag("verbose") ? new ExchangePrinter(terminal) : undefined);
  note({ members: () => collector?.members() ?? {} });
  const pool = log && createPool(origin);
  const send: Dispatch["dispatch"] | undefined =
    pool && ((options, handler) => pool.dispatch(options, handler));
  const dispatcher = log && send && ({ dispatch: httpLog(log)(send) } as Dispatcher);
  const transport = transportFrom({ ...settings, baseUrl, dispatcher, registry }, options);
  try {
    const request = await readRequest(method, types, context);
    const { message } = await transport.unary(method, request, { signal: interruption.signal });
    const response = responseText(method.output, message, types);
    if (isJson) {
      const head = JSON.stringify({
        ok: true,
        command: "call",
        method: rpcName(method),
        ...collector?.members(),
      });
      terminal.out(`${head.slice(0, -1)},"response":${response}}`);
    } else {
      terminal.out(terminal.isInteractive ? escapeControls(indented(response)) : response);
    }
    return ExitStatus.Ok;
  } finally {
    await transport.close();
    await pool?.destroy();
  }
}

function notesAbout(
  method: DescMethodUnary,
  { headers = {}, query = {} }: Settings,
  types: Registry,
): FailureNotes {
  const isIdempotent = method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
  const hasCredential = Object.keys(headers).some(isCredential) || Object.keys(query).some(isSecretParameter);
  const hint = "no credential was sent; --header 'Authorization: …' or --header @file gives one";
  return {
    subject: { method: rpcName(method) },
    ifUnknown: isIdempotent
      ? { text: "It may have happened. The method is idempotent, so it is safe to repeat it." }
      : { text: "IT MAY HAVE HAPPENED. Check before you call it again.", isUnsafe: true },
    hintOf: ({ status }) => (status === 401 && !hasCredential ? hint : undefined),
    detailsOf: ({ details }) => details.map((detail) => detailJson(detail, types)),
  };
}

/** The transport's options on the command line. */
const libraryNames: LibraryNames = {
  headers: ["--header"],
  query: ["--query"],
  timeoutMs: ["--timeout"],
  allowInsecure: ["--allow-insecure"],
};

/** @throws UsageError that names the option */
function transportFrom(settings: RestTransportOptions, options: ParsedOptions): Transport {
  const encoding = encodingFrom(options);
  const timeoutMs = wholeNumber("--timeout", options.text("timeout"));
  const allowInsecure = options.flag("allow-insecure");
  try {
    return createRestTransport({ ...settings, encoding, timeoutMs, allowInsecure });
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw new UsageError(withCommandLineNames(error.reason, libraryNames, options));
  }
}

/** Reads the request strictly: a name that does not exist is a mistake, not a field of a newer schema. */
async function readRequest(
  { input }: DescMethodUnary,
  registry: Registry,
  context: CommandContext,
): Promise<Message> {
  const [, operand] = context.options.positionals;
  const json = operand === "-" ? await readInput(context) : (operand ?? "{}");
  try {
    return messageFromJson(input, json, { registry, unknownFields: "error" });
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    throw new UsageError(`the request does not fit ${input.typeName}: ${error.message}`);
  }
}

async function readInput({ terminal, interruption }: CommandContext): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await terminal.readInput(interruption.signal);
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

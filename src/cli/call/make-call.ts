import type {
  DescMethod,
  DescMethodStreaming,
  DescMethodUnary,
  FileRegistry,
  Registry,
} from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import type { Dispatcher } from "undici";
import { parseBaseUrl } from "../../client/base-url.ts";
import { isSecretParameter } from "../../client/query-parameters.ts";
import { isCredential } from "../../client/request-headers.ts";
import { createRestTransport } from "../../client/rest-transport.ts";
import type { RestTransportOptions } from "../../client/rest-transport-options.ts";
import type { Transport } from "../../client/transport.ts";
import { registryWith } from "../../codecs/default-registry.ts";
import { RpcError } from "../../errors/rpc-error.ts";
import { createPool } from "../../http/pool.ts";
import type { Dispatch } from "../../http/undici-exchange.ts";
import { isUnary, streamsRequests, streamsResponses } from "../../transcoding/method-kind.ts";
import { rpcName } from "../../transcoding/rpc-name.ts";
import type { CommandContext } from "../command.ts";
import { ExitStatus } from "../exit-status.ts";
import { type LibraryNames, withCommandLineNames } from "../option-names.ts";
import { encodingFrom, type ParsedOptions, requiredText, UsageError, wholeNumber } from "../options.ts";
import type { FailureNotes } from "../report-error.ts";
import { httpLog } from "./http-log.ts";
import { detailJson } from "./message-json.ts";
import { type Output, printResponse, printStream } from "./print-response.ts";
import { readRequest, readRequests } from "./read-requests.ts";
import { ExchangeCollector, ExchangePrinter } from "./show-exchange.ts";

type Settings = Pick<RestTransportOptions, "headers" | "httpRules" | "query">;

/** Makes a call as the command line says, and prints the response: of a stream, each message as it comes. */
export async function makeCall(
  method: DescMethod,
  registry: FileRegistry,
  settings: Settings,
  context: CommandContext,
): Promise<ExitStatus> {
  const { options, terminal, isJson, note } = context;
  const types = registryWith(registry);
  note(notesAbout(method, settings, types));
  const baseUrl = requiredText(options, "base-url", "<url>");
  const { origin } = parseBaseUrl(baseUrl, "--base-url");
  const collector = isJson && options.flag("verbose") ? new ExchangeCollector() : undefined;
  const log = collector ?? (options.flag("verbose") ? new ExchangePrinter(terminal) : undefined);
  const members = () => collector?.members() ?? {};
  note({ members });
  const pool = log && createPool(origin);
  const send: Dispatch["dispatch"] | undefined =
    pool && ((options, handler) => pool.dispatch(options, handler));
  const dispatcher =
    log && send && ({ dispatch: httpLog(log, streamsResponses(method))(send) } as Dispatcher);
  const transport = transportFrom({ ...settings, baseUrl, dispatcher, registry }, options);
  try {
    const output = { types, context, members };
    return await (isUnary(method)
      ? unaryCall(method, transport, output)
      : streamingCall(method as DescMethodStreaming, transport, output));
  } finally {
    await transport.close();
    await pool?.destroy();
  }
}

async function unaryCall(method: DescMethodUnary, transport: Transport, output: Output): Promise<ExitStatus> {
  const { types, context } = output;
  const request = await readRequest(method.input, types, context);
  const { message } = await transport.unary(method, request, { signal: context.interruption.signal });
  printResponse(method, message, output);
  return ExitStatus.Ok;
}

/** Calls a streaming method, of any kind. */
async function streamingCall(
  method: DescMethodStreaming,
  transport: Transport,
  output: Output,
): Promise<ExitStatus> {
  const { types, context } = output;
  const { options, interruption } = context;
  // A stream may have no end, so it has a deadline only with --timeout.
  const timeoutMs = wholeNumber("--timeout", options.text("timeout"));
  const over = new AbortController();
  try {
    const requests = streamsRequests(method)
      ? readRequests(method.input, types, context, over.signal)
      : [await readRequest(method.input, types, context)];
    const { message: responses } = await transport.stream(method, requests, {
      signal: interruption.signal,
      timeoutMs,
    });
    if (streamsResponses(method)) return await printStream(method, responses, output);
    for await (const message of responses) printResponse(method, message, output);
    return ExitStatus.Ok;
  } finally {
    // Standard input would keep the process alive.
    over.abort();
  }
}

function notesAbout(
  method: DescMethod,
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

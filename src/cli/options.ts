import { type ParseArgsConfig, parseArgs } from "node:util";
import type { EncodingOption } from "../client/encoding-option.ts";

/** Thrown if the command line is invalid. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** An option of the command line, with its help. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: true;
  readonly short?: string;
  /** The placeholder for the value in the help. */
  readonly value?: string;
  /** Whether a value may begin with a dash. */
  readonly mayHaveDash?: true;
  readonly help: string;
}

/** Options by name, without the two dashes. */
export type Options = Readonly<Record<string, Option>>;

/** The options of every command. */
export const commonOptions = {
  json: { type: "boolean", help: "print one JSON document to standard output, also for errors and help" },
  help: { type: "boolean", short: "h", help: "print this help" },
} as const satisfies Options;

/** The options for the connection to any server. */
export const serverOptions = {
  "allow-insecure": {
    type: "boolean",
    help: "send credentials over unencrypted http: to another host",
  },
  timeout: { type: "string", value: "<ms>", help: "deadline of the whole command; 0 for none [30000]" },
} as const satisfies Options;

/** The options for the connection to ByteNite, and the credential. */
export const connectionOptions = {
  "base-url": {
    type: "string",
    value: "<url>",
    help: "the base URL of the API [BYTENITE_BASE_URL; https://api.bytenite.com/v1/customer]",
  },
  "access-token": {
    type: "string",
    value: "<token>",
    mayHaveDash: true,
    help: "the access token, without Bearer [BYTENITE_ACCESS_TOKEN]",
  },
  "api-key": {
    type: "string",
    value: "<key>",
    mayHaveDash: true,
    help: "the API key, which is exchanged for an access token [BYTENITE_API_KEY]",
  },
  "token-url": {
    type: "string",
    value: "<url>",
    help: "the URL of that exchange [../auth/access_token, relative to the base URL]",
  },
  ...serverOptions,
} as const satisfies Options;

/** The option for the encoding of a call. */
export const encodingOption = {
  encoding: {
    type: "string",
    value: "<encoding>",
    help: "protobuf, json, or careful: JSON requests, binary responses [protobuf]",
  },
} as const satisfies Options;

/** The value of {@link encodingOption}. */
export function encodingFrom(options: ParsedOptions): EncodingOption | undefined {
  const text = options.text("encoding");
  switch (text) {
    case undefined:
    case "protobuf":
    case "json":
      return text;
    case "careful":
      return { request: "json", response: "protobuf" };
    default:
      throw new UsageError("--encoding must be protobuf, json or careful");
  }
}

/** The parsed arguments. */
export interface ParsedOptions {
  readonly positionals: readonly string[];
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
}

/** @throws UsageError if the option is missing or empty */
export function requiredText(options: ParsedOptions, name: string, value: string): string {
  const text = options.text(name);
  if (text) return text;
  throw new UsageError(text === "" ? `--${name} must not be empty` : `--${name} ${value} is required`);
}

/** @throws UsageError that names the option but not its value, which may be a secret */
export function parseOptions(args: readonly string[], options: Options): ParsedOptions {
  const config: NonNullable<ParseArgsConfig["options"]> = {};
  for (const [name, { type, multiple, short }] of Object.entries(options)) {
    // The parser allows repetition, so that a second access token is an error and does not replace the first.
    config[name] = { type, multiple: true, ...(short !== undefined && { short }) };
    if (multiple === true && type === "boolean") throw new TypeError(`--${name} cannot be repeated`);
  }
  const { values, positionals } = parsed(args, config, options);
  const all = values as Readonly<Record<string, readonly (string | boolean)[] | undefined>>;
  for (const [name, occurrences = []] of Object.entries(all)) {
    const option = options[name];
    if (option?.type === "string" && option.multiple !== true && occurrences.length > 1) {
      throw new UsageError(`--${name} is given twice`);
    }
    for (const value of occurrences) if (typeof value === "string") checkUtf8(`--${name}`, value);
  }
  const texts = (name: string) => (all[name] ?? []).map(String);
  return { positionals, texts, text: (name) => texts(name)[0], flag: (name) => all[name] !== undefined };
}

/**
 * Rejects U+FFFD, which Node.js puts into arguments and variables that are not UTF-8. The replaced text would name something
 * else.
 *
 * @throws UsageError that names the argument or variable
 */
export function checkUtf8(name: string, value: string): void {
  if (value.includes("\ufffd")) throw new UsageError(`${name} is not valid UTF-8, or contains U+FFFD`);
}

function parsed(
  args: readonly string[],
  config: NonNullable<ParseArgsConfig["options"]>,
  options: Options,
): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // Node's message repeats the value, which may be a secret.
    const [, name] = /'(?:-\w, )?(--?[\w-]+)/.exec(error.message) ?? [];
    throw new UsageError(problemWith(error, name, options));
  }
}

function problemWith(error: Error, name: string | undefined, options: Options): string {
  const code = "code" in error ? error.code : undefined;
  if (name === undefined) return "the options are invalid";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `there is no option ${name} here`;
  if (error.message.includes("does not take an argument")) return `${name} takes no value`;
  if (error.message.includes("ambiguous")) {
    return options[name.slice(2)]?.mayHaveDash === true
      ? `${name} needs a value; write one that begins with a dash as ${name}=<value>`
      : `${name} needs a value that does not begin with a dash`;
  }
  return `${name} needs a value`;
}

/** @throws UsageError that names the option, unless its value is a non-negative integer */
export function wholeNumber(option: string, text: string | undefined): number | undefined {
  const value = wholeBigInt(option, text);
  if (value === undefined) return undefined;
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new UsageError(`${option} is too large`);
}

const MAX_INT64 = 2n ** 63n - 1n;

/** {@link wholeNumber} up to the largest int64. */
export function wholeBigInt(option: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,30}$/.test(text)) {
    const value = BigInt(text);
    if (value <= MAX_INT64) return value;
    throw new UsageError(`${option} is too large`);
  }
  throw new UsageError(`${option} must be a whole number, not negative`);
}

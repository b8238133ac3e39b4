import { type ParseArgsConfig, parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

/** An option of the command line, and what help says of it. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly multiple?: true;
  readonly short?: string;
  /** What stands for the value in help. */
  readonly value?: string;
  /** Whether a value may begin with a dash. */
  readonly mayHaveDash?: true;
  readonly help: string;
}

/** Options by their names, without the two dashes. */
export type Options = Readonly<Record<string, Option>>;

/** Options of every command. */
export const commonOptions = {
  json: { type: "boolean", help: "print one JSON document to standard output, also for errors and help" },
  help: { type: "boolean", short: "h", help: "print this help" },
} as const satisfies Options;

/** Options that say where to call, and as whom. */
export const connectionOptions = {
  "base-url": {
    type: "string",
    value: "<url>",
    help: "where the API is [BYTENITE_BASE_URL; https://api.bytenite.com/v1/customer]",
  },
  "access-token": {
    type: "string",
    value: "<token>",
    mayHaveDash: true,
    help: "the bare token, with no Bearer before it [BYTENITE_ACCESS_TOKEN]",
  },
  "api-key": {
    type: "string",
    value: "<key>",
    mayHaveDash: true,
    help: "exchanged for an access token [BYTENITE_API_KEY]",
  },
  "token-url": {
    type: "string",
    value: "<url>",
    help: "where the key is exchanged [../auth/access_token, seen from the base URL]",
  },
  "allow-insecure": {
    type: "boolean",
    help: "let credentials go over http: to another host, for all to read",
  },
  timeout: { type: "string", value: "<ms>", help: "deadline of the whole command; 0 is none [30000]" },
} as const satisfies Options;

/** How a call is written. */
export const encodingOption = {
  encoding: {
    type: "string",
    value: "<encoding>",
    help: "protobuf, json, or careful: JSON out, binary back [protobuf]",
  },
} as const satisfies Options;

/** The values that were given, by name. */
export interface ParsedOptions {
  readonly positionals: readonly string[];
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
}

/** @throws UsageError that names the option, and never shows a value: it may be a secret */
export function parseOptions(args: readonly string[], options: Options): ParsedOptions {
  const config: NonNullable<ParseArgsConfig["options"]> = {};
  for (const [name, { type, multiple, short }] of Object.entries(options)) {
    // All may be repeated as far as the parser goes: with two access tokens, nobody should take the last one.
    config[name] = { type, multiple: true, ...(short !== undefined && { short }) };
    if (multiple === true && type === "boolean") throw new TypeError(`--${name} cannot be repeated`);
  }
  const { values, positionals } = parsed(args, config, options);
  const all = values as Readonly<Record<string, readonly (string | boolean)[] | undefined>>;
  for (const [name, given] of Object.entries(all)) {
    const option = options[name];
    if (option?.type === "string" && option.multiple !== true && (given?.length ?? 0) > 1) {
      throw new UsageError(`--${name} is given twice`);
    }
    for (const value of given ?? []) if (typeof value === "string") checkUtf8(`--${name}`, value);
  }
  const texts = (name: string) => (all[name] ?? []).map(String);
  return { positionals, texts, text: (name) => texts(name)[0], flag: (name) => all[name] !== undefined };
}

/**
 * Node.js gives arguments and variables that are not UTF-8 with U+FFFD in the place of what it cannot read. Sent like
 * that, they would name something else.
 *
 * @throws UsageError that names where it stands
 */
export function checkUtf8(name: string, value: string): void {
  if (value.includes("\ufffd")) throw new UsageError(`${name} is not valid UTF-8, or has U+FFFD in it`);
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
    // Node explains at length, and repeats what was typed behind the option's name.
    const [, name] = /'(?:-\w, )?(--?[\w-]+)/.exec(error.message) ?? [];
    throw new UsageError(complaint(error, name, options));
  }
}

function complaint(error: Error, name: string | undefined, options: Options): string {
  const code = "code" in error ? error.code : undefined;
  if (name === undefined) return "the options cannot be understood";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `there is no option ${name} here`;
  if (error.message.includes("does not take an argument")) return `${name} takes no value`;
  if (error.message.includes("ambiguous")) {
    return options[name.slice(2)]?.mayHaveDash === true
      ? `${name} needs a value; one that begins with a dash is written ${name}=<value>`
      : `${name} needs a value, and none that begins with a dash will do`;
  }
  return `${name} needs a value`;
}

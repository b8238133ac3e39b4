import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { hintAtNames } from "../errors/nearest-name.ts";
import { isUnary } from "../transcoding/method-kind.ts";
import { rpcName } from "../transcoding/rpc-name.ts";

/**
 * The fields of a response that hold the token of the next page, each with the fields of a request that take it. The first
 * pair that a method has counts.
 *
 * @see https://google.aip.dev/158
 */
const tokenFields = {
  nextPageToken: ["pageToken", "nextPageToken"],
  continuationToken: ["continuationToken"],
  nextCursor: ["cursor"],
  nextToken: ["nextToken", "token"],
  pageToken: ["pageToken"],
  cursor: ["cursor"],
} as const;

export type TokenFields = typeof tokenFields;

/** The fields for what a server could not reach (https://google.aip.dev/217): never the items. */
const unreachableFields = ["unreachable", "unreachables"] as const;

export type Unreachable = (typeof unreachableFields)[number];

/** The names of the token's fields, as the properties of messages. */
export interface PageTokenFields {
  readonly ofRequest: string;
  readonly ofResponse: string;
}

/** Finds the fields of the page token. Throws InvalidArgument for a method that has none. */
export function findTokenFields(method: DescMethod): PageTokenFields {
  const { input, output } = method;
  const notList = (reason: string) => invalidArgument(`not a list method: ${reason}`, rpcName(method));
  if (!isUnary(method)) throw notList("it is a streaming method");
  for (const [ofResponse, names] of Object.entries(tokenFields)) {
    const type = tokenType(output.field[ofResponse]);
    const ofRequest = names.find((name) => tokenType(input.field[name]) === type);
    if (type !== undefined && ofRequest !== undefined) return { ofRequest, ofResponse };
  }
  throw notList(`${input.typeName} and ${output.typeName} have no page token`);
}

/** Whether a field can hold a page token, as text or as bytes. A field of a oneof is no property of its message. */
function tokenType(field: DescField | undefined): "text" | "bytes" | undefined {
  if (field === undefined || field.oneof !== undefined) return undefined;
  if (field.message?.typeName === "google.protobuf.StringValue" && field.fieldKind === "message")
    return "text";
  if (field.fieldKind !== "scalar") return undefined;
  if (field.scalar === ScalarType.STRING) return "text";
  return field.scalar === ScalarType.BYTES ? "bytes" : undefined;
}

/**
 * Finds the repeated field that holds the items. Throws InvalidArgument if there is none, or more than one and no name.
 *
 * @param named the name that the caller gave
 */
export function findItemsField(method: DescMethod, named: string | undefined): string {
  const { typeName, fields } = method.output;
  const lists = fields.filter(({ fieldKind }) => fieldKind === "list").map(({ localName }) => localName);
  const invalid = (reason: string) => invalidArgument(reason, rpcName(method));
  if (named !== undefined) {
    if (lists.includes(named)) return named;
    throw invalid(
      `items is ${JSON.stringify(named)}, which is not a repeated field of ${typeName}${hintAtNames(named, lists)}`,
    );
  }
  const [items, ...others] = lists.filter((name) => !unreachableFields.some((each) => each === name));
  if (items === undefined) throw invalid(`not a list method: ${typeName} has no repeated field`);
  if (others.length === 0) return items;
  throw invalid(
    `${typeName} has several repeated fields (${[items, ...others].join(", ")}): name one with the option items`,
  );
}

/** Whether the repeated fields and maps of a response are all empty. */
export function isEmptyPage({ fields }: DescMessage, response: Message): boolean {
  const values = response as unknown as Readonly<Record<string, object | undefined>>;
  return fields.every(({ fieldKind, localName }) => {
    const value = fieldKind === "list" || fieldKind === "map" ? values[localName] : undefined;
    return value === undefined || (Array.isArray(value) ? value : Object.keys(value)).length === 0;
  });
}

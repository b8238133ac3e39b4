import type { DescMethod, Message } from "@bufbuild/protobuf";
import { Code } from "../errors/code.ts";
import { invalidArgument } from "../errors/invalid-argument.ts";
import { RpcError } from "../errors/rpc-error.ts";
import { describeWrongType } from "../errors/wrong-type.ts";
import { rpcName } from "../transcoding/rpc-name.ts";
import { methodOf } from "./create-client.ts";
import { findItemsField, findTokenFields, isEmptyPage } from "./page-fields.ts";
import type {
  ItemOf,
  ItemsField,
  PagesOptions,
  PageToken,
  PaginateArguments,
  RepeatedField,
  RequestOf,
  ResponseOf,
  UnaryFunction,
  WithItems,
  WithTokens,
} from "./page-types.ts";

/** The options of both functions, for any method. */
interface AnyOptions {
  readonly items?: string | undefined;
  readonly maxItems?: number | undefined;
  readonly maxPages?: number | undefined;
  readonly method?: DescMethod | undefined;
}

/**
 * Iterates over the items of a list method: `for await (const book of paginate(client.listBooks, { parent }))`. It requests
 * the next page when the loop has taken all items of a page, and none after the loop is left.
 *
 * A list method has a page token in its request and in its response, and a repeated field in its response.
 *
 * @param request the request for the first page; it may have a page token to begin with
 * @throws RpcError (when it is iterated) with `Code.InvalidArgument`, outcome `"not_sent"`, if the method is not a list
 * method; with `Code.DataLoss` if a response has the token of an earlier page
 */
export async function* paginate<
  List extends UnaryFunction,
  const Items extends RepeatedField<List> = ItemsField<List>,
>(
  list: List & WithItems<List>,
  request: RequestOf<List>,
  ...options: PaginateArguments<List, Items>
): AsyncGenerator<ItemOf<List, Items>, void, undefined> {
  const { items, maxItems, ...others }: AnyOptions = options[0] ?? {};
  const limit = limitOf("maxItems", maxItems);
  const field = findItemsField(findMethod(list, others.method), items);
  let count = 0;
  for await (const page of iteratePages(list, request, others)) {
    for (const item of fieldOf(page, field) as ItemOf<List, Items>[]) {
      yield item;
      count++;
      if (count === limit) return;
    }
  }
}

/**
 * Iterates over the responses of a list method, as {@link paginate} does over the items: for their other fields, or for the
 * token to go on with later.
 *
 * @param request the request for the first page; it may have a page token to begin with
 * @throws RpcError (when it is iterated) with `Code.InvalidArgument`, outcome `"not_sent"`, if the method has no page
 * tokens; with `Code.DataLoss` if a response has the token of an earlier page
 */
export function pages<List extends UnaryFunction>(
  list: List & WithTokens<List>,
  request: RequestOf<List>,
  options?: PagesOptions<List>,
): AsyncGenerator<ResponseOf<List>, void, undefined> {
  return iteratePages(list, request, options ?? {}) as AsyncGenerator<ResponseOf<List>, void, undefined>;
}

async function* iteratePages(
  list: UnaryFunction,
  request: object,
  { maxPages, method: given, ...callOptions }: AnyOptions,
): AsyncGenerator<Message, void, undefined> {
  const limit = limitOf("maxPages", maxPages);
  const method = findMethod(list, given);
  const { ofRequest, ofResponse } = findTokenFields(method);
  if (Object.hasOwn(callOptions, "idempotencyKey")) {
    throw invalidArgument("idempotencyKey is for one request, but every page is one", rpcName(method));
  }
  const sent = new Set<string>();
  let next = request;
  for (let page = 1; ; page++) {
    const response = await list(next, callOptions);
    const token = fieldOf(response, ofResponse) as PageToken | undefined;
    const isEmpty = isEmptyPage(method.output, response);
    yield response;
    if (token === undefined || token.length === 0 || page === limit) return;
    // Only now, because the call has shown that the request is an object. The first one may have a token, too.
    const [before, after] = [tokenText(fieldOf(next, ofRequest) as PageToken | undefined), tokenText(token)];
    // OpenFGA's ReadChanges ends so: the same token asks later for what is new.
    if (after === before && isEmpty) return;
    sent.add(before);
    if (sent.has(after)) throw repeatedToken(method, page, ofResponse);
    next = { ...request, [ofRequest]: token };
  }
}

/** The method that a function calls. */
function findMethod(list: UnaryFunction, given: DescMethod | undefined): DescMethod {
  if (typeof list !== "function") {
    throw invalidArgument(`the list method ${describeWrongType("a function", list)}`);
  }
  const method = given ?? methodOf(list);
  if (method !== undefined) return method;
  throw invalidArgument(
    "the function is not from createClient of bytenite-jobs/transport: give the option method, its descriptor",
  );
}

function limitOf(name: string, limit = Number.POSITIVE_INFINITY): number {
  if (limit >= 1 && (Number.isSafeInteger(limit) || limit === Number.POSITIVE_INFINITY)) return limit;
  throw invalidArgument(`${name} must be an integer of at least 1`);
}

function fieldOf(message: object, field: string): unknown {
  return (message as Readonly<Record<string, unknown>>)[field];
}

function tokenText(token: PageToken = ""): string {
  return typeof token === "string" ? token : Buffer.from(token).toString("base64");
}

function repeatedToken(method: DescMethod, page: number, field: string): RpcError {
  return new RpcError({
    code: Code.DataLoss,
    reason: `page ${page} has the ${field} of an earlier page: the list would never end`,
    outcome: "unknown",
    method: rpcName(method),
  });
}

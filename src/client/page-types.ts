import type { DescMethodUnary, Message } from "@bufbuild/protobuf";
import type { TokenFields, Unreachable } from "./page-fields.ts";

/** A function that makes a unary call: a method of a client, of this package's or of Connect's. */
// biome-ignore lint/suspicious/noExplicitAny: a constraint; the types of the function itself take its place
export type UnaryFunction = (request: any, options?: any) => Promise<Message>;

export type RequestOf<List extends UnaryFunction> = Parameters<List>[0];
export type ResponseOf<List extends UnaryFunction> = Awaited<ReturnType<List>>;
type CallOptionsOf<List extends UnaryFunction> = NonNullable<Parameters<List>[1]>;

export type PageToken = string | Uint8Array;

type TokenField<Request, Response> = {
  [Next in keyof TokenFields]: Next extends keyof Response
    ? NonNullable<Response[Next]> extends PageToken
      ? Extract<TokenFields[Next][number], keyof Request>
      : never
    : never;
}[keyof TokenFields];

type RepeatedFieldOf<Response> = {
  [Name in keyof Response]-?: NonNullable<Response[Name]> extends readonly unknown[] ? Name : never;
}[keyof Response];

/** The repeated fields of a list method's response. */
export type RepeatedField<List extends UnaryFunction> = Exclude<
  RepeatedFieldOf<ResponseOf<List>> & string,
  "$unknown"
>;

/** The repeated fields that may hold the items, without being named. */
export type ItemsField<List extends UnaryFunction> = Exclude<RepeatedField<List>, Unreachable>;

/** An item in a field of a list method's response. */
export type ItemOf<List extends UnaryFunction, Field extends keyof ResponseOf<List>> =
  NonNullable<ResponseOf<List>[Field]> extends readonly (infer Item)[] ? Item : never;

/** Compiles only for methods that have page tokens. TypeScript shows the text. */
export type WithTokens<List extends UnaryFunction> = [TokenField<RequestOf<List>, ResponseOf<List>>] extends [
  never,
]
  ? "not a list method: its request and response have no page token"
  : unknown;

/** Compiles only for methods that have page tokens and items. */
export type WithItems<List extends UnaryFunction> = [ItemsField<List>] extends [never]
  ? "not a list method: its response has no repeated field"
  : WithTokens<List>;

/**
 * The options of `pages`: besides its own, those of a call, which every call gets. `idempotencyKey` is not among them,
 * because it is for one request.
 */
export type PagesOptions<List extends UnaryFunction> = ([CallOptionsOf<List>] extends [never]
  ? unknown
  : Omit<CallOptionsOf<List>, "idempotencyKey">) & {
  /** The iteration ends after this many pages. Default: no limit. */
  readonly maxPages?: number | undefined;
  /**
   * The descriptor of the method, for instance `LibraryService.method.listBooks`. It is needed only for a function that is
   * not from this package's `createClient`: one of a Connect client, or your own.
   */
  readonly method?:
    | (DescMethodUnary & { readonly output: { readonly typeName: ResponseOf<List>["$typeName"] } })
    | undefined;
};

/** The options of `paginate`: besides its own, those of `pages`. */
export type PaginateOptions<
  List extends UnaryFunction,
  Items extends RepeatedField<List> = RepeatedField<List>,
> = PagesOptions<List> & {
  /** The iteration ends after this many items. Default: no limit. */
  readonly maxItems?: number | undefined;
  /** The repeated field with the items. It is needed only if the response has several, `unreachable` not counted. */
  readonly items?: Items | undefined;
};

type IsUnion<Type, Whole = Type> = Type extends unknown ? ([Whole] extends [Type] ? false : true) : never;

/** The last arguments of `paginate`. If a response has several fields for the items, the options must name one. */
export type PaginateArguments<List extends UnaryFunction, Items extends RepeatedField<List>> =
  true extends IsUnion<ItemsField<List>>
    ? [options: PaginateOptions<List, Items> & { readonly items: Items }]
    : [options?: PaginateOptions<List, Items>];

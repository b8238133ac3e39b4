import { invalidArgument } from "../errors/invalid-argument.ts";
import { escapeSegment, unescapeQuery } from "../transcoding/percent-encoding.ts";
import { type DynamicValue, dynamicValue, type ResolvedValues } from "./dynamic-values.ts";
import { checkedParameters, isSecretParameter } from "./query-parameters.ts";
import type { TransportSettings } from "./rest-transport-options.ts";

/** The query parameters of every call of a transport, from its options. */
export interface TransportQuery {
  /** Parameters whose values are resolved on every attempt. */
  readonly dynamic: readonly DynamicValue[];
  readonly fixed: RequestQuery;
}

export function transportQuery({ query }: Pick<TransportSettings, "query">): TransportQuery {
  const dynamic: DynamicValue[] = [];
  const fixed = new Map<string, string>();
  for (const [name, source] of query) {
    if (typeof source === "function") dynamic.push(dynamicValue("query", name, source, "query"));
    else fixed.set(name, source);
  }
  const names = dynamic.map(({ name }) => name);
  return { dynamic, fixed: new RequestQuery(fixed, names) };
}

/** The query parameters of a call that come from options, and not from its message. */
export class RequestQuery {
  readonly #fixed: ReadonlyMap<string, string>;
  /** The names of the transport's parameters whose values are resolved on every attempt. */
  readonly #dynamic: readonly string[];
  /** The names of all parameters. */
  readonly #names: readonly string[];
  /** Names that the call's options set. They replace the transport's parameters of the same name. */
  readonly own: ReadonlySet<string>;

  constructor(
    fixed: ReadonlyMap<string, string>,
    dynamic: readonly string[],
    own: ReadonlySet<string> = new Set(),
  ) {
    this.#fixed = fixed;
    this.#dynamic = dynamic;
    this.#names = [...fixed.keys(), ...dynamic.filter((name) => !own.has(name))];
    this.own = own;
  }

  /** The values that are secrets by the names of their parameters. */
  get secrets(): string[] {
    return [...this.#fixed].filter(([name]) => isSecretParameter(name)).map(([, value]) => value);
  }

  /** Adds the parameters from a call's options. */
  and(
    query: Readonly<Record<string, string | undefined>> | undefined,
    forbidsCredentials: boolean,
  ): RequestQuery {
    if (query === undefined) return this;
    const own = checkedParameters(query, forbidsCredentials);
    return new RequestQuery(new Map([...this.#fixed, ...own]), this.#dynamic, new Set(own.keys()));
  }

  /**
   * Adds the parameters with fixed values to the path and query of a request.
   *
   * @throws RpcError `InvalidArgument` for a parameter that the message has too: a server would read only one of them
   */
  appendTo(target: string): string {
    if (this.#names.length === 0) return target;
    const ofMessage = namesIn(target);
    const repeated = this.#names.find((name) => ofMessage.has(name));
    if (repeated !== undefined) {
      throw invalidArgument(`query: ${repeated} is a field of the request, which sets this parameter`);
    }
    return withParameters(target, this.#fixed);
  }
}

/** Adds the query parameters among the values of an attempt. */
export function withResolvedParameters(target: string, values: ResolvedValues): string {
  if (values.size === 0) return target;
  let result = target;
  for (const [{ place, name }, value] of values) {
    if (place === "query") result = withParameters(result, [[name, value]]);
  }
  return result;
}

function withParameters(target: string, parameters: Iterable<readonly [string, string]>): string {
  let result = target;
  for (const [name, value] of parameters) {
    result += `${result.includes("?") ? "&" : "?"}${escapeSegment(name)}=${escapeSegment(value)}`;
  }
  return result;
}

function namesIn(target: string): Set<string | undefined> {
  const [, query = ""] = target.split("?");
  return new Set(query.split("&").map((parameter) => unescapeQuery(parameter.split("=")[0] ?? "")));
}

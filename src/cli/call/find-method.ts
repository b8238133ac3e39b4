import type { DescMethod, FileRegistry } from "@bufbuild/protobuf";
import { nearestName } from "../../errors/nearest-name.ts";
import { rpcName } from "../../transcoding/rpc-name.ts";
import { UsageError } from "../options.ts";

/**
 * All methods of a descriptor file, in its order.
 *
 * @throws UsageError if there are none
 */
export function methodsOf(registry: FileRegistry): DescMethod[] {
  const methods = [...registry].flatMap((type) => (type.kind === "service" ? type.methods : []));
  if (methods.length > 0) return methods;
  throw new UsageError("--descriptors: the file has no service with a method");
}

/**
 * Finds a method by its name: `pkg.Service/Method`, or `pkg.Service.Method` as in selectors.
 *
 * @throws UsageError that names the method that was probably meant
 */
export function findMethod(registry: FileRegistry, name: string): DescMethod {
  const methods = methodsOf(registry);
  const wanted = dotted(name);
  const found = methods.find((method) => dotted(rpcName(method)) === wanted);
  if (found !== undefined) return found;
  if (registry.getService(name) !== undefined) {
    throw new UsageError(`${name} is a service; --list ${name} shows its methods`);
  }
  const meant = likelyName(methods.map(rpcName), wanted);
  const hint = meant === undefined ? "; --list shows all" : `: did you mean ${JSON.stringify(meant)}?`;
  throw new UsageError(`there is no method ${JSON.stringify(name)} in the descriptor file${hint}`);
}

function dotted(name: string): string {
  return name.replace(/^\//, "").replace("/", ".");
}

/** The method to which a name without its package belongs, or with a typing mistake, or of another service. */
function likelyName(names: readonly string[], wanted: string): string | undefined {
  const lower = wanted.toLowerCase();
  const method = lower.slice(lower.lastIndexOf(".") + 1);
  const nearest = nearestName(wanted, names.map(dotted));
  return (
    names.find((each) => dotted(each).toLowerCase().endsWith(`.${lower}`)) ??
    names.find((each) => dotted(each) === nearest) ??
    names.find((each) => each.toLowerCase().endsWith(`/${method}`))
  );
}

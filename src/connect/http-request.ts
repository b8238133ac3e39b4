import type { Message } from "@bufbuild/protobuf";
import type { BaseUrl } from "../client/base-url.ts";
import type { Route } from "../transcoding/binding.ts";
import { requestTarget } from "../transcoding/request-target.ts";
import { TranscodingError } from "../transcoding/transcoding-error.ts";

/**
 * What Connect's interceptors are told of the HTTP request. A message that does not fit the route yet may be about to
 * be completed by one of them: then it is the route's template.
 */
export function httpRequest(
  route: Route,
  { origin, pathPrefix }: BaseUrl,
  message: Message,
): { readonly requestMethod: string; readonly url: string } {
  try {
    const { binding, target } = requestTarget(route, message);
    return { requestMethod: binding.verb, url: `${origin}${pathPrefix}${target}` };
  } catch (error) {
    if (!(error instanceof TranscodingError)) throw error;
    const [{ verb, template }] = route.bindings;
    return { requestMethod: verb, url: `${origin}${pathPrefix}${template.text}` };
  }
}

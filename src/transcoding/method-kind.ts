import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
} from "@bufbuild/protobuf";

/** Whether a method takes a stream of requests. */
export function streamsRequests(
  method: DescMethod,
): method is DescMethodClientStreaming | DescMethodBiDiStreaming {
  return method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming";
}

/** Whether a method responds with a stream. */
export function streamsResponses(
  method: DescMethod,
): method is DescMethodServerStreaming | DescMethodBiDiStreaming {
  return method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
}

/** Whether a method has one request and one response. */
export function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === "unary";
}

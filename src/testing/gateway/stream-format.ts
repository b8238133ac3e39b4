/**
 * How a test server writes a streaming response:
 *
 * - `"grpc-gateway"`: lines with `{"result":…}`, and an error as `{"error":{"code":5,"message":"…","details":[]}}`
 * - `"messages"`: lines with a message, like Envoy with `stream_newline_delimited`; an error as above
 * - `"array"`: one JSON array, like Google's APIs and Envoy; an error as its last item,
 *   `{"error":{"code":404,"message":"…","status":"NOT_FOUND"}}`
 * - `"event-stream"`: server-sent events, each with a message as its `data`; an error as in lines
 *
 * Only the first one knows binary, and responds with an empty 500 to a client that wants it, as a gateway does.
 */
export type StreamFormat = "grpc-gateway" | "messages" | "array" | "event-stream";

/** Writes the texts of one streaming response. */
export interface StreamWriter {
  message(json: string): string;
  error(json: string): string;
  /** What follows the last message. */
  end(): string;
}

const writers: Readonly<Record<StreamFormat, () => StreamWriter>> = {
  "grpc-gateway": () => ({
    message: (json) => `{"result":${json}}\n`,
    error: (json) => `${json}\n`,
    end: () => "",
  }),
  messages: () => ({ message: (json) => `${json}\n`, error: (json) => `${json}\n`, end: () => "" }),
  array() {
    let before = "[";
    const item = (json: string) => {
      const text = `${before}${json}`;
      before = ",\n";
      return text;
    };
    return { message: item, error: (json) => `${item(json)}]`, end: () => (before === "[" ? "[]" : "]") };
  },
  "event-stream"() {
    const event = (json: string) => `data: ${json}\n\n`;
    return { message: event, error: event, end: () => "" };
  },
};

/** The names of the formats. */
export const streamFormatNames: readonly string[] = Object.keys(writers);

/** Begins a response in a format. */
export function streamWriter(format: StreamFormat): StreamWriter {
  return writers[format]();
}

// google.api.HttpBody at a real gateway: raw in responses, and read as JSON in requests.
import { create } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { startServer } from "../../src/testing/index.ts";
import { type Client, createClient, createRestTransport } from "../../src/transport.ts";
import { FileService, PreviewFileResponseSchema } from "../gen/files/v1/files_pb.js";
import { type HttpBody, HttpBodySchema } from "../gen/google/api/httpbody_pb.js";
import { caught } from "../support/caught.ts";
import { encodings, startPeer } from "./support/peer.ts";

type Files = Client<typeof FileService>;

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const bodyOf = (contentType: string, text: string) =>
  create(HttpBodySchema, { contentType, data: bytes(text) });

const responses = [
  ["image/png", "\x89PNG\0"],
  ["text/html; charset=utf-8", "<h1>hello</h1>"],
  ["application/json", '{"contentType":"text/csv"}'],
  ["application/octet-stream", "\n\x01a"],
  ["application/x-protobuf", "\n\x01a"],
  ["text/csv", ""],
  ["", "a,b"],
] as const;

/** Renders each response. */
function rendered(files: Files): Promise<HttpBody[]> {
  return Promise.all(
    responses.map(([contentType, text]) => files.renderFile({ name: "a", contentType, data: bytes(text) })),
  );
}

describe.each(encodings)("raw bodies with the option %s", (encoding) => {
  test("a raw response arrives as the backend sent it", async () => {
    const { files } = await startPeer();
    expect(await rendered(files({ encoding }))).toEqual(
      responses.map(([contentType, text]) => bodyOf(contentType, text)),
    );
  });

  test("a raw response in a field is labelled as JSON", async () => {
    const { gateway, files } = await startPeer();
    const client = files({ encoding });
    await putAsJson(gateway.origin, { contentType: "image/png", data: "iVBORwA=" });
    expect(await client.getFile({ name: "a" })).toEqual(bodyOf("image/png", "\x89PNG\0"));
    expect(await client.previewFile({ name: "a" })).toEqual(
      create(PreviewFileResponseSchema, { file: bodyOf("application/json", "\x89PNG\0") }),
    );
    expect(await caught(client.getFile({ name: "b" }))).toMatchObject({
      code: Code.NotFound,
      reason: "there is no file b",
    });
  });

  test("a gateway reads a raw request as JSON", async () => {
    const { gateway, files } = await startPeer();
    const client = files({ encoding });
    const refused = await caught(client.putFile({ name: "a", file: bodyOf("image/png", "\x89PNG") }));
    expect(refused).toMatchObject({ code: Code.InvalidArgument, outcome: "rejected" });
    expect(await gateway.calls()).toEqual([]);
    // Other JSON is an empty message there, and its content is lost.
    await client.putFile({ name: "a", file: bodyOf("application/json", '{"a":1}') });
    expect((await gateway.calls()).map(({ request }) => request)).toEqual([{ name: "a", file: {} }]);
  });

  test("the embedded server sends the same", async () => {
    await using server = await startServer(FileService, {
      renderFile: ({ contentType, data }) => ({ contentType, data }),
    });
    const transport = createRestTransport({ baseUrl: server.baseUrl, encoding });
    onTestFinished(() => transport.close());
    const { files } = await startPeer();
    expect(await rendered(createClient(FileService, transport))).toEqual(await rendered(files({ encoding })));
  });
});

/** Stores a file in the form that a stock gateway reads. */
async function putAsJson(origin: string, file: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${origin}/v1/files/a`, {
    method: "PUT",
    headers,
    body: JSON.stringify(file),
  });
  expect(response.status).toBe(200);
}

import { create } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient, createRestTransport } from "../../src/transport.ts";
import { FileService } from "../gen/files/v1/files_pb.js";
import { type HttpBody, HttpBodySchema } from "../gen/google/api/httpbody_pb.js";
import { httpCall } from "./http-call.ts";
import { clientOptions, openService, sides } from "./sides.ts";

const file = create(HttpBodySchema, { contentType: "image/png", data: new Uint8Array([0x89, 0x50]) });

describe.each(sides)("raw bodies over %s", (side) => {
  async function open() {
    let seen: HttpBody | undefined;
    const server = await openService(side, FileService, {
      putFile(request) {
        seen = request.file;
        return { request };
      },
      getFile: ({ name }) =>
        name === "none" ? {} : { ...file, contentType: name === "bad" ? "a\nb" : "image/png" },
      previewFile: () => ({ file, note: "not in the response" }),
      convertFile: (message) => message,
    });
    const transport = createRestTransport({ ...clientOptions(server), retry: false });
    onTestFinished(() => transport.close());
    return { server, client: createClient(FileService, transport), seen: () => seen };
  }

  test("arrive and are sent as they are", async () => {
    const { client, seen } = await open();
    expect((await client.putFile({ name: "a", file, note: "n" })).request).toMatchObject({
      name: "a",
      note: "n",
    });
    expect(seen()).toStrictEqual(file);
    expect(await client.convertFile(file)).toStrictEqual(file);
    expect(await client.getFile({ name: "a" })).toStrictEqual(file);
    expect(await client.getFile({ name: "none" })).toStrictEqual(create(HttpBodySchema));
    // As a grpc-gateway labels it: it does not look into the field.
    expect((await client.previewFile({ name: "a" })).file).toEqual({
      ...file,
      contentType: "application/json",
    });
  });

  test("with an impossible content type are the handler's error", async () => {
    const { server, client } = await open();
    await expect(client.getFile({ name: "bad" })).rejects.toMatchObject({ status: 500 });
    expect(server.requests[0]?.thrown).toBeInstanceOf(TypeError);
  });
});

test("a caller that accepts binary gets the message in binary, as from a grpc-gateway", async () => {
  const server = await openService("socket", FileService, { getFile: () => file });
  const headers = { accept: "application/x-protobuf" };
  const { body } = await httpCall(`${server.baseUrl}/v1/files/a`, { method: "GET", headers });
  expect(Buffer.from(body).toString("latin1")).toBe("\n\timage/png\x12\x02\x89P");
});

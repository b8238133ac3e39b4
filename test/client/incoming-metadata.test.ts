import { expect, test } from "vitest";
import { Code, type IncomingMetadata } from "../../src/index.ts";
import { caught } from "../support/caught.ts";
import { jobsClient } from "../support/clients.ts";
import { httpServer } from "../support/loopback.ts";
import { ok, scriptedServer } from "../support/scripted-server.ts";

// Keys that every object inherits.
const inherited = ["constructor", "__proto__", "toString", "hasOwnProperty"];

test.each(inherited)("metadata named %s is received as sent", async (key) => {
  const { baseUrl } = await scriptedServer({
    ...ok,
    headers: { ...ok.headers, [`grpc-metadata-${key}`]: "x" },
  });
  const seen: IncomingMetadata[] = [];
  await jobsClient(baseUrl).run("job-1", undefined, { onResponse: ({ metadata }) => seen.push(metadata) });
  expect(seen.map(Object.entries)).toEqual([[[key.toLowerCase(), ["x"]]]]);
});

test("te requests trailing metadata, which follows leading metadata", async () => {
  let te: string | string[] | undefined;
  const { origin } = await httpServer((req, res) => {
    te = req.headers.te;
    res.writeHead(200, { ...ok.headers, trailer: "Grpc-Trailer-X-One", "grpc-metadata-x-one": "1" });
    res.addTrailers({ "Grpc-Trailer-X-One": "2" });
    res.end(ok.body);
  });
  const seen: IncomingMetadata[] = [];
  const headers = { TE: "trailers" };
  const onResponse = ({ metadata }: { metadata: IncomingMetadata }) => void seen.push(metadata);
  await jobsClient(`${origin}/v1/customer`).run("job-1", undefined, { headers, onResponse });
  expect(te).toBe("trailers");
  expect(seen).toEqual([{ "x-one": ["1", "2"] }]);
});

test("te cannot request a transfer coding, because the transport decodes none", async () => {
  const { baseUrl, seen } = await scriptedServer(ok);
  const error = await caught(jobsClient(baseUrl).run("job-1", undefined, { headers: { te: "gzip" } }));
  expect(error).toMatchObject({ code: Code.InvalidArgument, outcome: "not_sent" });
  expect(error.reason).toContain("te can only be");
  expect(() => jobsClient(baseUrl, { headers: { te: "trailers, gzip" } })).toThrow("te can only be");
  expect(seen).toEqual([]);
});

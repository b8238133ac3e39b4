import { H2CClient } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { Code } from "../../src/index.ts";
import { faulty } from "./faulty-server.ts";

/**
 * Found by `npm run chaos`. After a GOAWAY, undici 8.12 resends every call from the first one whose stream is newer than
 * the last accepted one. The calls that it checks may belong to an older connection, with its own stream numbers and
 * pending responses. So undici resends calls that the server has accepted.
 */
test("a job runs once although undici mistakes an accepted call for a refused one", async () => {
  const { server } = await faulty("HTTP/2", {}, { jobs: ["a", "b", "c", "d", "e", "slow-1", "slow-2"] });
  const dispatcher = new H2CClient(new URL(server.baseUrl).origin);
  onTestFinished(() => dispatcher.destroy());
  const { client } = await faulty("HTTP/2", {
    baseUrl: server.baseUrl,
    dispatcher,
    retry: false,
  });
  const arrivals = (id: string) => server.requests.filter(({ path }) => path.endsWith(`/${id}/run`)).length;
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  onTestFinished(() => release());

  // Streams 1, 3 and 5 of the first connection, and 7, which the server has accepted before it sends GOAWAY.
  for (const id of ["a", "b", "c"]) await client.run(id);
  server.fault({ kind: "delay", until, execute: true });
  const slow1 = client.run("slow-1").catch((error) => error);
  await server.received(4);
  server.fault({ kind: "reset", how: "goaway" });
  await client.abort("d");
  // Streams 1 and 3 of the second connection; 3 is accepted, and then the server sends GOAWAY.
  server.fault({ kind: "delay", until, execute: true });
  const slow2 = client.run("slow-2").catch((error) => error);
  await server.received(7);
  server.fault({ kind: "reset", how: "goaway" });
  const last = await client.run("e").catch((error) => error);
  release();
  const ends = [last, await slow1, await slow2];
  expect([arrivals("slow-1"), arrivals("slow-2"), arrivals("e")]).toEqual([1, 1, 1]);
  for (const error of ends) {
    expect(error).toMatchObject({ code: Code.Unavailable, outcome: "unknown", attempts: 1 });
  }
});

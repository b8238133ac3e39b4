import { expect, test } from "vitest";
import { Random } from "../fuzz/random.ts";
import { compare } from "./compare.ts";
import { protoFolders } from "./published-apis.ts";

// `npm run test:google` does the same with everything that Google publishes.
test("requests for some of Google's APIs match google-gax, and messages match protobuf-es", async () => {
  const seed = 1;
  const random = new Random(seed);
  const all = protoFolders();
  const some = Array.from({ length: 24 }, () => random.pick(all));
  const always = [
    // Their templates have ** in the middle, or their names have digits-only words.
    "google/cloud/discoveryengine/v1",
    "google/firestore/v1",
    "google/analytics/admin/v1alpha",
    // Raw bodies.
    "google/devtools/cloudbuild/v1",
    "google/security/safebrowsingohttpgateway/v1",
  ];
  const { bindings, codecs } = await compare(seed, [...new Set([...always, ...some])]);
  expect(bindings.unexplained).toEqual([]);
  expect(codecs.different).toEqual([]);
  expect(bindings.bindings).toBeGreaterThan(300);
  expect(bindings.same).toBeGreaterThan(bindings.messages / 2);
  expect(codecs.messages).toBeGreaterThan(1_000);
}, 600_000);

import { type ServiceImplementation, startServer, type TestServer } from "bytenite-jobs/testing";
import { type KeyValue, KV, type PutRequest } from "../gen/etcdserverpb/kv_pb.js";

/** Starts a stand-in for etcd: the methods of the example, in JSON only, with the keys in memory. */
export function startEtcd(): Promise<TestServer> {
  return startServer(KV, keyValueStore(), { encodings: "json" });
}

function keyValueStore(): ServiceImplementation<typeof KV> {
  const keys = new Map<string, Pick<KeyValue, "key" | "value" | "modRevision">>();
  let revision = 1n;
  // A string of hex digits has the order of its bytes.
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  const revisionOf = (key: Uint8Array) => keys.get(hex(key))?.modRevision ?? 0n;
  const put = ({ key, value }: PutRequest) => {
    revision += 1n;
    keys.set(hex(key), { key, value, modRevision: revision });
    return { header: { revision } };
  };
  return {
    put,
    range: ({ key, rangeEnd }) => ({
      header: { revision },
      kvs: [...keys]
        .filter(([name]) =>
          rangeEnd.length === 0 ? name === hex(key) : name >= hex(key) && name < hex(rangeEnd),
        )
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, entry]) => entry),
    }),
    txn: ({ compare, success, failure }) => {
      const succeeded = compare.every(({ key, targetUnion }) => targetUnion.value === revisionOf(key));
      for (const { request } of succeeded ? success : failure) {
        if (request.case === "requestPut") put(request.value);
      }
      return { header: { revision }, succeeded };
    },
  };
}

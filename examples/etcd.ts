// Uses etcd's key-value store through its grpc-gateway. `npm run example:etcd` runs it with a stand-in for etcd; with
// ETCD_ENDPOINT=http://localhost:2379 it uses yours, and leaves two keys there.
import { createClient, createRestTransport } from "bytenite-jobs/transport";
import { Compare_CompareTarget as CompareTarget, KV } from "./gen/etcdserverpb/kv_pb.js";
import { startEtcd } from "./support/etcd-store.ts";

const endpoint = process.env.ETCD_ENDPOINT;
await using standIn = endpoint === undefined ? await startEtcd() : undefined;

// etcd's gateway speaks JSON only. Without `encoding`, the first call would find that out with one more request.
await using transport = createRestTransport({
  baseUrl: endpoint ?? standIn?.baseUrl ?? "",
  encoding: "json",
});
const kv = createClient(KV, transport);

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

// POST /v3/kv/put
await kv.put({ key: bytes("bytenite/limit"), value: bytes("10") });
await kv.put({ key: bytes("bytenite/region"), value: bytes("eu") });

// POST /v3/kv/range: all keys from "bytenite/" up to "bytenite0", since "0" follows "/".
const { kvs } = await kv.range({ key: bytes("bytenite/"), rangeEnd: bytes("bytenite0") });
for (const { key, value } of kvs) console.log(`${text(key)} = ${text(value)}`);

/** Sets the key, if nobody has changed it since that revision. */
async function compareAndSet(key: Uint8Array, modRevision: bigint, value: string): Promise<boolean> {
  // POST /v3/kv/txn
  const { succeeded } = await kv.txn({
    compare: [{ target: CompareTarget.MOD, key, targetUnion: { case: "modRevision", value: modRevision } }],
    success: [{ request: { case: "requestPut", value: { key, value: bytes(value) } } }],
  });
  return succeeded;
}

const [limit] = kvs;
if (limit === undefined) throw new Error("the key is gone");
console.log("set to 20:", await compareAndSet(limit.key, limit.modRevision, "20"));
console.log("set to 30, from what was read before:", await compareAndSet(limit.key, limit.modRevision, "30"));

const { kvs: after } = await kv.range({ key: limit.key });
console.log("now:", after.map(({ value }) => text(value)).join());

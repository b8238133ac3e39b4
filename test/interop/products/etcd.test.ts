// etcd's services, through the grpc-gateway inside of it, which speaks JSON only and writes snake_case names.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Code, type RestTransportOptions } from "../../../src/transport.ts";
import { caught } from "../../support/caught.ts";
import { encodings } from "../support/peer.ts";
import { type DynamicClient, type Product, startProduct } from "../support/product.ts";

type Etcd = Product<{ readonly origin: string }>;

/** The methods that these tests call, by service. */
interface Methods {
  readonly KV: "range" | "put" | "deleteRange" | "txn" | "compact";
  readonly Lease: "leaseGrant" | "leaseRevoke" | "leaseTimeToLive" | "leaseLeases";
  readonly Cluster: "memberAdd" | "memberRemove" | "memberList" | "memberPromote";
  readonly Maintenance: "alarm" | "status" | "defragment" | "hashKV" | "moveLeader";
  readonly Auth:
    | "authEnable"
    | "authenticate"
    | "userAdd"
    | "userGrantRole"
    | "roleAdd"
    | "roleGrantPermission";
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** The end of the range of all keys with a prefix. */
const afterPrefix = (prefix: string) => {
  const end = utf8(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
};

/** Enum values: of SortOrder, and of CompareTarget. */
const DESCEND = 2;
const VALUE = 3;

let etcd: Etcd;
beforeAll(async () => {
  etcd = await startProduct("etcd");
});
afterAll(() => etcd[Symbol.asyncDispose]());

function clientOf<Service extends keyof Methods>(
  server: Etcd,
  service: Service,
  options?: Partial<RestTransportOptions>,
): DynamicClient<Methods[Service]> {
  return server.client(`etcdserverpb.${service}`, options);
}

const put = (kv: DynamicClient<"put">, key: string, value: string) =>
  kv.put({ key: utf8(key), value: utf8(value) });

describe.each(encodings)("in %s", (encoding) => {
  const client = <Service extends keyof Methods>(service: Service) => clientOf(etcd, service, { encoding });

  test("a put is read back, byte for byte", async () => {
    const kv = client("KV");
    const key = new Uint8Array([0, 1, 0xff, 0x2f, 0x22, 0x5c]);
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    await kv.put({ key, value });
    const before = await kv.put({ key, value: new Uint8Array(), prevKv: true });
    expect(before).toMatchObject({ prevKv: { key, value, version: 1n } });
    expect(await kv.range({ key })).toMatchObject({ count: 1n, kvs: [{ key, version: 2n }] });
    expect(await kv.deleteRange({ key, prevKv: true })).toMatchObject({ deleted: 1n, prevKvs: [{ key }] });
    expect(await kv.range({ key })).toMatchObject({ count: 0n, kvs: [], more: false });
  });

  test("a range has its order, its limit and its count", async () => {
    const kv = client("KV");
    const prefix = `range-${encoding}/`;
    for (const name of ["a", "b", "c"]) await put(kv, prefix + name, name);
    const page = await kv.range({
      key: utf8(prefix),
      rangeEnd: afterPrefix(prefix),
      sortOrder: DESCEND,
      limit: 2n,
      keysOnly: true,
    });
    expect(page).toMatchObject({
      more: true,
      count: 3n,
      kvs: [
        { key: utf8(`${prefix}c`), value: new Uint8Array() },
        { key: utf8(`${prefix}b`), value: new Uint8Array() },
      ],
    });
  });

  test("a transaction compares, and does one of two lists", async () => {
    const kv = client("KV");
    const key = utf8(`txn-${encoding}`);
    const swap = (expected: string, value: string) =>
      kv.txn({
        compare: [{ target: VALUE, key, targetUnion: { case: "value", value: utf8(expected) } }],
        success: [
          { request: { case: "requestPut", value: { key, value: utf8(value), prevKv: true } } },
          { request: { case: "requestDeleteRange", value: { key: utf8("no such key") } } },
        ],
        failure: [{ request: { case: "requestRange", value: { key } } }],
      });
    await kv.put({ key, value: utf8("old") });
    expect(await swap("old", "new")).toMatchObject({
      succeeded: true,
      responses: [
        { response: { case: "responsePut", value: { prevKv: { value: utf8("old") } } } },
        { response: { case: "responseDeleteRange", value: { deleted: 0n } } },
      ],
    });
    expect(await swap("old", "newer")).toMatchObject({
      succeeded: false,
      responses: [{ response: { case: "responseRange", value: { kvs: [{ value: utf8("new") }] } } }],
    });
  });

  test("a revision that was compacted is an error with its code and message", async () => {
    const kv = client("KV");
    await put(kv, "compacted", "1");
    const { header } = await put(kv, "compacted", "2");
    const { revision } = header as { revision: bigint };
    await kv.compact({ revision, physical: true });
    expect(await caught(kv.range({ key: utf8("compacted"), revision: revision - 1n }))).toMatchObject({
      code: Code.OutOfRange,
      status: 400,
      outcome: "rejected",
      reason: "etcdserver: mvcc: required revision has been compacted",
    });
  });

  test("errors have etcd's codes and messages", async () => {
    const kv = client("KV");
    const twice = { request: { case: "requestPut", value: { key: utf8("twice") } } };
    expect(await caught(kv.put({ value: utf8("a value") }))).toMatchObject({
      code: Code.InvalidArgument,
      status: 400,
      outcome: "rejected",
      reason: "etcdserver: key is not provided",
    });
    expect(await caught(kv.txn({ success: [twice, twice] }))).toMatchObject({
      code: Code.InvalidArgument,
      reason: "etcdserver: duplicate key given in txn request",
    });
    expect(await caught(client("Lease").leaseRevoke({ ID: 404n }))).toMatchObject({
      code: Code.NotFound,
      status: 404,
      outcome: "rejected",
      reason: "etcdserver: requested lease not found",
    });
  });

  test("a lease has a 64-bit id, keys and an end", async () => {
    const lease = client("Lease");
    const kv = client("KV");
    const key = utf8(`leased-${encoding}`);
    const { ID, TTL } = await lease.leaseGrant({ TTL: 3600n });
    expect([TTL, (ID as bigint) > Number.MAX_SAFE_INTEGER]).toEqual([3600n, true]);
    await kv.put({ key, lease: ID });
    expect(await lease.leaseTimeToLive({ ID, keys: true })).toMatchObject({
      ID,
      grantedTTL: 3600n,
      keys: [key],
    });
    expect(await lease.leaseLeases({})).toMatchObject({ leases: [{ ID }] });
    await lease.leaseRevoke({ ID });
    expect(await kv.range({ key })).toMatchObject({ count: 0n });
    expect(await lease.leaseTimeToLive({ ID })).toMatchObject({ ID, TTL: -1n });
  });

  test("the cluster takes a learner, and lets it go", async () => {
    const cluster = client("Cluster");
    const peerURLs = [`http://127.0.0.1:${encodings.indexOf(encoding) + 1}`];
    const { member } = await cluster.memberAdd({ peerURLs, isLearner: true });
    const { ID } = member as { ID: bigint };
    expect(await cluster.memberList({})).toMatchObject({
      members: expect.arrayContaining([
        expect.objectContaining({ name: "default", isLearner: false }),
        expect.objectContaining({ ID, peerURLs, isLearner: true }),
      ]),
    });
    expect(await caught(cluster.memberPromote({ ID }))).toMatchObject({
      code: Code.FailedPrecondition,
      status: 400,
      outcome: "rejected",
      reason: "etcdserver: can only promote a learner member which is in sync with leader",
    });
    const { members } = await cluster.memberRemove({ ID });
    expect(members).toHaveLength(1);
    expect(await caught(cluster.memberRemove({ ID }))).toMatchObject({ code: Code.NotFound });
  });

  test("maintenance says what the member is", async () => {
    const maintenance = client("Maintenance");
    const status = await maintenance.status({});
    expect(status).toMatchObject({ version: expect.stringMatching(/^3\.6\./), errors: [], isLearner: false });
    expect(status.header).toMatchObject({ memberId: status.leader });
    expect((await maintenance.hashKV({})).hash).toBeGreaterThan(0);
    await maintenance.defragment({});
    const alarm = { memberID: status.leader, alarm: 2 };
    expect(await maintenance.alarm({ action: 1, ...alarm })).toMatchObject({ alarms: [alarm] });
    expect(await caught(put(client("KV"), "key", "value"))).toMatchObject({
      code: Code.DataLoss,
      status: 500,
      outcome: "unknown",
      reason: "etcdserver: corrupt cluster",
    });
    expect(await maintenance.alarm({ action: 2, ...alarm })).toMatchObject({ alarms: [alarm] });
    expect(await maintenance.alarm({})).toMatchObject({ alarms: [] });
    expect(await caught(maintenance.moveLeader({ targetID: 404n }))).toMatchObject({
      code: Code.FailedPrecondition,
      reason: "etcdserver: bad leader transferee",
    });
  });
});

test("the first call finds out that etcd does not understand binary", async () => {
  const attempts: number[] = [];
  const kv = clientOf(etcd, "KV", {
    interceptors: [
      (next) => async (request) => {
        const response = await next(request);
        attempts.push(response.attempts);
        return response;
      },
    ],
  });
  for (const key of ["a", "b", "c"]) await kv.put({ key: utf8(key) });
  expect(attempts).toEqual([2, 1, 1]);
});

test("a key that is JSON does not become the request", async () => {
  await using own: Etcd = await startProduct("etcd");
  const inJson = clientOf(own, "KV", { encoding: "json" });
  await put(inJson, "another key", "value");
  // With a tag and a length that are whitespace in JSON before it, this would be the range of all keys.
  const key = utf8('{"key":"AA","range_end":"AA"}   ');
  expect(await clientOf(own, "KV").deleteRange({ key })).toMatchObject({ deleted: 0n });
  expect(await inJson.range({ key: utf8("another key") })).toMatchObject({ count: 1n });
});

test("with authentication, the token goes into the header Authorization", async () => {
  await using own: Etcd = await startProduct("etcd");
  const auth = clientOf(own, "Auth");
  const key = utf8("secret/1");
  for (const name of ["root", "reader"]) {
    await auth.userAdd({ name, password: `${name}-password` });
    await auth.roleAdd({ name });
    await auth.userGrantRole({ user: name, role: name });
  }
  await auth.roleGrantPermission({
    name: "reader",
    perm: { permType: 0, key: utf8("secret/"), rangeEnd: afterPrefix("secret/") },
  });
  await auth.authEnable({});

  const kvOf = async (name: string) => {
    const { token } = await auth.authenticate({ name, password: `${name}-password` });
    return clientOf(own, "KV", { headers: { authorization: token as string } });
  };
  const [root, reader] = [await kvOf("root"), await kvOf("reader")];
  await root.put({ key, value: utf8("value") });
  expect(await reader.range({ key })).toMatchObject({ kvs: [{ value: utf8("value") }] });
  expect(await caught(reader.put({ key }))).toMatchObject({
    code: Code.PermissionDenied,
    status: 403,
    outcome: "rejected",
    reason: "etcdserver: permission denied",
  });
  expect(await caught(clientOf(own, "KV").range({ key }))).toMatchObject({
    code: Code.InvalidArgument,
    reason: "etcdserver: user name is empty",
  });
  const authorization = "no-such-token.1";
  expect(await caught(clientOf(own, "KV", { headers: { authorization } }).range({ key }))).toMatchObject({
    code: Code.Unauthenticated,
    status: 401,
    outcome: "rejected",
    reason: "etcdserver: invalid auth token",
  });
  expect(await caught(auth.authenticate({ name: "root", password: "wrong" }))).toMatchObject({
    code: Code.InvalidArgument,
    reason: "etcdserver: authentication failed, invalid user ID or password",
  });
});

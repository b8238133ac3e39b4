/**
 * A module that imports an entry and throws if that changed anything outside of it: a global, a listener of the process,
 * a timer or handle, a method of a built-in. What the package stands on is loaded before, and may do what it does.
 */
export function importsWithoutSideEffects(entry: string): string {
  return `
import assert from "node:assert/strict";
import "undici";
import "@bufbuild/protobuf";
import "@bufbuild/protobuf/wkt";
import "@bufbuild/protobuf/wire";
const builtIns = { Object, Array, Map, Set, Promise, Error, Symbol, String, Number, BigInt, Uint8Array, URL, AbortSignal };
const look = () => ({
  globals: Reflect.ownKeys(globalThis),
  listeners: process.eventNames().map((event) => [event, process.listenerCount(event)]),
  resources: process.getActiveResourcesInfo(),
  environment: { ...process.env },
  builtIns: Object.entries(builtIns).map(([name, { prototype, ...own }]) => [name, own, Reflect.ownKeys(globalThis[name]), Reflect.ownKeys(prototype)]),
});
const before = look();
await import(${JSON.stringify(entry)});
assert.deepEqual(look(), before);
`;
}

/**
 * Makes a module that imports an entry, and throws if the import changed a global, a listener of the process, a timer or
 * handle, or a method of a built-in. It loads the dependencies first, whose side effects do not count.
 */
export function importsWithoutSideEffects(entry: string): string {
  return `
import assert from "node:assert/strict";
import "undici";
import "@bufbuild/protobuf";
import "@bufbuild/protobuf/wkt";
import "@bufbuild/protobuf/wire";
const builtIns = { Object, Array, Map, Set, Promise, Error, Symbol, String, Number, BigInt, Uint8Array, URL, AbortSignal };
const snapshot = () => ({
  globals: Reflect.ownKeys(globalThis),
  listeners: process.eventNames().map((event) => [event, process.listenerCount(event)]),
  resources: process.getActiveResourcesInfo(),
  environment: { ...process.env },
  builtIns: Object.entries(builtIns).map(([name, { prototype, ...own }]) => [name, own, Reflect.ownKeys(globalThis[name]), Reflect.ownKeys(prototype)]),
});
const before = snapshot();
await import(${JSON.stringify(entry)});
assert.deepEqual(snapshot(), before);
`;
}

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^bytenite-jobs$/, replacement: source("index.ts") },
      { find: /^bytenite-jobs\/transport$/, replacement: source("transport.ts") },
      { find: /^bytenite-jobs\/testing$/, replacement: source("testing/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/interop/**"],
    // vitest leaves a core free, which on a machine with two would double the time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // These end what hangs, and nothing else: no test says how fast something is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 120_000 } },
    reporters: ["default", "./test/support/count-line-reporter.ts"],
  },
});

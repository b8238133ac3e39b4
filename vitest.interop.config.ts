import { defineConfig } from "vitest/config";
import ours from "./vitest.config.ts";

// Run by scripts/test-interop.mjs, which has built the gateway.
export default defineConfig({
  ...ours,
  test: {
    ...ours.test,
    include: ["test/interop/**/*.test.ts"],
    exclude: ["test/interop/.build/**", "**/node_modules/**"],
    // Deadlines are measured here, so one file at a time has the machine.
    fileParallelism: false,
  },
});

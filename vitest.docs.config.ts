import { defineConfig } from "vitest/config";

/** For the test files that stand in docs/, which test/readme.test.ts writes out. */
export default defineConfig({ test: { include: [".snippets/*-snippet-*.ts"], testTimeout: 300_000 } });

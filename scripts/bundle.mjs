// Bundles the package's JavaScript: a file for each entry, and shared chunks. As a hundred small files, the package would take
// a third longer to import than undici and @bufbuild/protobuf. Types stay as tsc writes them.
import { rolldown } from "rolldown";

const bundle = await rolldown({
  input: {
    index: "src/index.ts",
    transport: "src/transport.ts",
    "connect/index": "src/connect/index.ts",
    "testing/index": "src/testing/index.ts",
    "cli/main": "src/cli/main.ts",
  },
  external: [/^node:/, /^undici/, /^@bufbuild\/protobuf/, /^@connectrpc\/connect/],
  platform: "node",
});
await bundle.write({ dir: "dist", format: "esm", sourcemap: true, chunkFileNames: "shared/[name].js" });

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import type { Check } from "./checks.ts";
import { execute } from "./execute.ts";
import { install } from "./install.ts";
import { testingOf } from "./on-runtime.ts";

/** The bundlers, besides rolldown, which builds the package itself. */
const bundlers = ["esbuild@0.28", "webpack@5"] as const;

/** Makes one call, also without top-level await. */
const program = `import { JobsClient } from "bytenite-jobs";
const { BYTENITE_BASE_URL: baseUrl, BYTENITE_ACCESS_TOKEN: accessToken } = process.env;
const jobs = new JobsClient({ baseUrl, accessToken });
jobs.run("job-1").then(async (response) => {
  await jobs.close();
  console.log("ok:", response.ok);
});
`;

type Format = "esm" | "cjs";

/** A bundler: reads a script, and writes `app.js` and what else it needs into a folder. */
type Bundle = (tools: string, input: string, format: Format, folder: string) => Promise<unknown>;

/** undici is CommonJS: a bundle of esbuild that is an ES module has to bring its own \`require\`. */
const ownRequire =
  'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

const bundles: Readonly<Record<string, Bundle>> = {
  async rolldown(_tools, input, format, folder) {
    const bundle = await rolldown({ input: { app: input }, platform: "node" });
    await bundle.write({ dir: folder, format });
    await bundle.close();
  },
  esbuild(tools, input, format, folder) {
    const banner = format === "esm" ? [`--banner:js=${ownRequire}`] : [];
    const flags = [
      "--bundle",
      "--platform=node",
      `--format=${format}`,
      `--outfile=${join(folder, "app.js")}`,
    ];
    return execute(join(tools, "node_modules/.bin/esbuild"), [input, ...flags, ...banner], { cwd: folder });
  },
  async webpack(tools, input, format, folder) {
    const config = {
      mode: "production",
      target: "node",
      entry: { app: input },
      output: {
        path: folder,
        filename: "app.js",
        ...(format === "esm" ? { module: true, chunkFormat: "module" } : {}),
      },
      experiments: { outputModule: format === "esm" },
    };
    const run = `require("webpack")(${JSON.stringify(config)}, (error, stats) => {
      if (error || stats.hasErrors()) throw error ?? new Error(stats.toString());
    })`;
    await execute(process.execPath, ["--input-type=commonjs", "--eval", run], { cwd: tools });
  },
};

/** Installs the bundlers. */
export function installBundlers(folder: string): Promise<void> {
  return install(folder, bundlers, { allowScripts: { esbuild: true } });
}

/**
 * Checks that a bundle with the package makes a call, in a folder without node_modules.
 *
 * @param consumer the folder in which the package is installed
 * @param tools the folder in which the bundlers are installed
 */
export function checksOfBundles(consumer: string, tools: string, work: string): Check[] {
  const formats: readonly Format[] = ["esm", "cjs"];
  return Object.entries(bundles).flatMap(([name, bundle]) =>
    formats.map((format) => ({
      name: `a bundle of ${name}, ${format}, makes a call`,
      async run() {
        const input = join(consumer, "bundled.js");
        writeFileSync(input, program);
        const folder = join(work, `${name}-${format}`);
        mkdirSync(folder);
        const type = format === "esm" ? "module" : "commonjs";
        writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
        await bundle(tools, input, format, folder);
        const server = await (await testingOf(consumer)).startJobsServer({ jobs: ["job-1"] });
        try {
          const { baseUrl, accessToken } = server;
          const env = { BYTENITE_BASE_URL: baseUrl, BYTENITE_ACCESS_TOKEN: accessToken };
          const { stdout, stderr } = await execute(process.execPath, ["app.js"], { cwd: folder, env });
          if (stdout !== "ok: true\n") throw new Error(`it printed ${stdout}${stderr}`);
        } finally {
          await server.close();
        }
        return undefined;
      },
    })),
  );
}

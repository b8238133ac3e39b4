/** The oldest Node.js that this package runs on, as `engines` in package.json has it. */
const OLDEST = [22, 19] as const;

type Versions = Readonly<Partial<Record<"node" | "bun" | "deno", string>>>;

/** Why the package cannot run on a runtime with these `process.versions`, or undefined. */
export function complaintAbout({ node = "", bun, deno }: Versions): string | undefined {
  // The `node` of Bun and Deno is the version with which they are compatible.
  const [major = 0, minor = 0] = node.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  const runtime = bun === undefined ? deno && ` (Deno ${deno})` : ` (Bun ${bun})`;
  return `bytenite-jobs needs Node.js ${OLDEST.join(".")} or later; this is ${node}${runtime ?? ""}`;
}

// Each entry imports this file first: on an older Node.js, undici fails while it loads, without a word of why. It is the
// one file that `sideEffects` in package.json names, so that bundlers keep it, and it must import nothing.
const complaint = complaintAbout(process.versions);
if (complaint !== undefined) throw new Error(complaint);

/** The oldest Node.js that this package runs on, as `engines` in package.json has it. */
const OLDEST = [22, 19] as const;

/** Why the package cannot run on a Node.js, or undefined. */
export function complaintAbout(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `bytenite-jobs needs Node.js ${OLDEST.join(".")} or later; this is ${version}`;
}

// Each entry imports this file first: on an older Node.js, undici fails while it loads, without a word of why. It is the
// one file that `sideEffects` in package.json names, so that bundlers keep it, and it must import nothing.
const complaint = complaintAbout(process.versions.node);
if (complaint !== undefined) throw new Error(complaint);

/** The oldest Node.js that this package runs on, as `engines` in package.json has it. */
const OLDEST = [22, 19] as const;

/** Why the command line cannot run on a Node.js, or undefined. Its dependencies would fail without a word of why. */
export function complaintAbout(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `bytenite-jobs needs Node.js ${OLDEST.join(".")} or later; this is ${version}`;
}

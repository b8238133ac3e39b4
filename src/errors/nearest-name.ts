/** The name that was probably meant by one that does not exist: the same letters, or one typing mistake away. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const letters = lettersOf(name);
  return (
    names.find((each) => lettersOf(each) === letters) ??
    names.find((each) => isTypoOf(lettersOf(each), letters))
  );
}

/** Describes what was probably meant by a name that does not exist, as the end of a sentence. */
export function hintAtNames(name: string, names: readonly string[]): string {
  const meant = nearestName(name, names);
  if (meant !== undefined) return `: did you mean ${JSON.stringify(meant)}?`;
  return names.length > 0 && names.length <= 12 ? `; it has ${names.join(", ")}` : "";
}

function lettersOf(name: string): string {
  return name.replaceAll(/[_-]/g, "").toLowerCase();
}

/** Whether two texts differ by one inserted, missing or changed letter, or by two swapped ones. */
function isTypoOf(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [one, other] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (one.length <= 1 && other.length <= 1) return a.length > 1;
  return one.length === 2 && other.length === 2 && one[0] === other[1] && one[1] === other[0];
}

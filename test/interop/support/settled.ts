/** Asks for a count until it has been the same for many round trips. */
export async function settled(count: () => Promise<number>): Promise<number> {
  let last = -1;
  for (let same = 0; same < 300; ) {
    const now = await count();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}

/** Makes a number of calls, of which so many are in flight. */
export async function makeCalls(
  call: () => Promise<unknown>,
  count: number,
  inFlight: number,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next++ < count) await call();
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

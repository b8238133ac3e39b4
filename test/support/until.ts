/** Waits for as long as it takes. Unlike `expect.poll`, it does not move on a clock that a test has stopped. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

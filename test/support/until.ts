/** Waits without a limit until a condition holds. Unlike `expect.poll`, it does not advance a stopped clock. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

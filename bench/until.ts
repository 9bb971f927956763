// Waiting for others, with an end to it.
import { setTimeout as sleep } from "node:timers/promises";

export const PATIENCE_SECONDS = 120;

/** Waits until `done`, but not for ever: what is missing then is found when the answers are checked. */
export async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_SECONDS * 1000;
  while (!done() && performance.now() < deadline) await sleep(2);
}

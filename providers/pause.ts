// A wait that a stop may cut short.

/** Resolves after `ms` by `clock`, or at once when `signal` is aborted. */
export function pause(
  clock: { after(ms: number, callback: () => void): void },
  ms: number,
  signal?: AbortSignal,
): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const over = () => {
    signal?.removeEventListener("abort", over);
    resolve();
  };
  signal?.addEventListener("abort", over);
  clock.after(ms, over);
  return promise;
}

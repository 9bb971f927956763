// Answers that go on without us: an abort lets go of the stream and leaves the answer to whoever has its bookmark. Before
// there is a bookmark nobody could have it, so this file waits for it, out of sight, and cancels.
import type { Bookmark, Ending, Piece } from "./provider.ts";

type Run = (onPiece: (piece: Piece) => void, signal: AbortSignal) => Promise<Ending>;

/** Runs `run` so that an abort before the first bookmark still ends in `cancel`. Rejects at once when aborted. */
export async function runInBackground(
  run: Run,
  cancel: (bookmark: Bookmark) => Promise<void>,
  onPiece: (piece: Piece) => void,
  signal: AbortSignal,
): Promise<Ending> {
  signal.throwIfAborted();
  const connection = new AbortController();
  const aborted = Promise.withResolvers<never>();
  let letGo = false;
  let known = false;
  const onAbort = () => {
    letGo = true;
    aborted.reject(signal.reason);
    if (known) connection.abort(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const answer = run((piece) => {
    known ||= piece.bookmark !== null;
    if (!letGo) return onPiece(piece);
    if (piece.bookmark === null) return;
    connection.abort(signal.reason);
    // Whoever aborted has their answer already; that the provider cannot be told changes nothing for them.
    cancel(piece.bookmark).catch(() => {});
  }, connection.signal);
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

import { expect, it, vi } from "vitest";
import { runInBackground } from "./background.ts";
import type { Ending, Piece } from "./provider.ts";

const bookmark = { responseId: "resp_1", sequenceNumber: 0 };

function start() {
  const controller = new AbortController();
  const done = Promise.withResolvers<Ending>();
  const cancel = vi.fn(async () => {});
  const pieces: Piece[] = [];
  let emit: (piece: Piece) => void = () => {};
  let connection = new AbortController().signal;
  const answer = runInBackground(
    (onPiece, signal) => {
      emit = onPiece;
      connection = signal;
      return done.promise;
    },
    cancel,
    (piece) => pieces.push(piece),
    controller.signal,
  );
  return { controller, done, cancel, pieces, answer, emit: (piece: Piece) => emit(piece), connection };
}

it("is the answer when nobody aborts", async () => {
  const { done, answer, emit, pieces, cancel } = start();
  emit({ text: "a", bookmark });
  done.resolve({ finish: "stop", usage: null });
  expect(await answer).toEqual({ finish: "stop", usage: null });
  expect(pieces).toEqual([{ text: "a", bookmark }]);
  expect(cancel).not.toHaveBeenCalled();
});

it("only lets go of an answer that has a bookmark", async () => {
  const { controller, answer, emit, connection, cancel } = start();
  emit({ text: "", bookmark });
  controller.abort(new Error("stop"));
  await expect(answer).rejects.toThrow("stop");
  expect(connection.aborted).toBe(true);
  expect(cancel).not.toHaveBeenCalled();
});

it("waits for the bookmark to cancel an answer that nobody could find again", async () => {
  const { controller, answer, emit, connection, cancel, pieces } = start();
  controller.abort(new Error("stop"));
  await expect(answer).rejects.toThrow("stop");
  expect(connection.aborted).toBe(false);
  emit({ text: "late", bookmark });
  expect(cancel).toHaveBeenCalledExactlyOnceWith(bookmark);
  expect(connection.aborted).toBe(true);
  expect(pieces).toEqual([]);
});

it("keeps an abort's outcome when the request fails after it", async () => {
  const { controller, answer, done } = start();
  controller.abort(new Error("stop"));
  done.reject(new Error("echo"));
  await expect(answer).rejects.toThrow("stop");
});

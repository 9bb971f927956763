// A search that follows what is typed: asked once the typing pauses, an older question dropped for a newer one.
import { type Accessor, createEffect, createSignal, onCleanup } from "solid-js";
import type { SearchReply } from "../../protocol/requests.ts";
import { search } from "../api/chats.ts";

const PAUSE = 150;

export function makeSearch(query: Accessor<string>) {
  const [hits, setHits] = createSignal<SearchReply["hits"]>([]);
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<unknown>(null);

  createEffect(() => {
    const q = query();
    setFailure(null);
    setBusy(q !== "");
    if (q === "") return setHits([]);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const reply = await search(q, stop.signal);
        setHits(reply.hits);
      } catch (error) {
        if (stop.signal.aborted) return;
        setFailure(error);
      }
      setBusy(false);
    }, PAUSE);
    onCleanup(() => {
      clearTimeout(timer);
      stop.abort();
    });
  });

  return { hits, busy, failure };
}

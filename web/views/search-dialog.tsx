// Search over one's own chats: titles here at once, then titles and messages from the server.
import { useNavigate } from "@solidjs/router";
import MessageSquare from "lucide-solid/icons/message-square";
import Search from "lucide-solid/icons/search";
import { createEffect, createMemo, createSignal, For, on, Show } from "solid-js";
import type { SearchReply } from "../../protocol/requests.ts";
import { Dialog } from "../components/dialog.tsx";
import { explain } from "../components/problem.tsx";
import { format, t } from "../i18n/locale.ts";
import { v } from "../i18n/views.ts";
import { useApp } from "../state/app.tsx";
import { makeSearch } from "../state/search.ts";
import { splitSnippet } from "../state/snippet.ts";

type Hit = SearchReply["hits"][number];

const RECENT = 8;

export default function SearchDialog(props: { close: () => void }) {
  const app = useApp();
  const navigate = useNavigate();
  const [text, setText] = createSignal("");
  const [at, setAt] = createSignal(0);
  const found = makeSearch(() => text().trim());

  const hits = createMemo((): Hit[] => {
    const wanted = text().trim().toLowerCase();
    const local = app.chats
      .all()
      .filter(({ title }) => title.toLowerCase().includes(wanted))
      .slice(0, RECENT)
      .map(({ id, title, updatedAt }) => ({ chatId: id, title, messageId: null, snippet: "", time: updatedAt }));
    if (wanted === "") return local;
    const known = new Set(found.hits().map(({ chatId }) => chatId));
    return [...found.hits(), ...local.filter(({ chatId }) => !known.has(chatId))];
  });
  createEffect(on(text, () => setAt(0)));

  function open(hit: Hit | undefined) {
    if (!hit) return;
    props.close();
    navigate(`/c/${hit.chatId}${hit.messageId ? `#${encodeURIComponent(hit.messageId)}` : ""}`);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.isComposing) return;
    const last = hits().length - 1;
    if (event.key === "ArrowDown") setAt((now) => Math.min(now + 1, last));
    else if (event.key === "ArrowUp") setAt((now) => Math.max(now - 1, 0));
    else if (event.key === "Enter") open(hits()[at()]);
    else return;
    event.preventDefault();
    document.getElementById(`hit-${at()}`)?.scrollIntoView({ block: "nearest" });
  }

  return (
    <Dialog title={v("search.title")} close={props.close} class="search" bare>
      <div class="search-box">
        <Search size={17} aria-hidden="true" />
        <input
          data-first-focus
          type="search"
          role="combobox"
          aria-expanded="true"
          aria-controls="search-hits"
          aria-activedescendant={hits().length > 0 ? `hit-${at()}` : undefined}
          aria-label={v("search.title")}
          placeholder={v("search.placeholder")}
          maxlength={200}
          value={text()}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </div>
      <p class="visually-hidden" role="status">
        {text().trim() && !found.busy() ? v("search.results", hits().length) : ""}
      </p>
      <Show when={found.failure()}>
        {(failure) => (
          <p class="search-none" role="alert">
            {v("search.failed")} {explain(failure())}
          </p>
        )}
      </Show>
      <Show when={text().trim() && hits().length === 0 && !found.busy() && !found.failure()}>
        <p class="search-none">{v("search.none", text().trim())}</p>
      </Show>
      <Show when={hits().length > 0}>
        <div class="search-hits" id="search-hits" role="listbox" aria-label={v("search.title")}>
          <For each={hits()}>
            {(hit, index) => (
              // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the input, which names the active one.
              // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the keys.
              <div
                id={`hit-${index()}`}
                role="option"
                class="search-hit"
                aria-selected={at() === index()}
                onPointerMove={() => setAt(index())}
                onClick={() => open(hit)}
              >
                <MessageSquare size={15} aria-hidden="true" />
                <span class="search-text" dir="auto">
                  <strong>{hit.title || t("nav.untitled")}</strong>
                  <Show when={hit.snippet}>
                    <small>
                      <For each={splitSnippet(hit.snippet)}>
                        {(part) => (part.match ? <mark>{part.text}</mark> : part.text)}
                      </For>
                    </small>
                  </Show>
                </span>
                <time class="numbers">{format().instant(hit.time)}</time>
              </div>
            )}
          </For>
        </div>
      </Show>
    </Dialog>
  );
}

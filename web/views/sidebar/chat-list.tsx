// The chats by day, more of them as the reader nears the end.
import { createMemo, For, onCleanup, Show } from "solid-js";
import { explain, ProblemNote } from "../../components/problem.tsx";
import { format, t } from "../../i18n/locale.ts";
import { useApp } from "../../state/app.tsx";
import { groupByDay } from "../../state/chats.ts";
import { ChatItem } from "./chat-item.tsx";

export function ChatList() {
  const { chats } = useApp();
  const groups = createMemo(() => groupByDay(chats.all(), format(), Date.now()));
  const byId = createMemo(() => new Map(chats.all().map((chat) => [chat.id, chat])));

  /** The end of the list came near: the next page is wanted. */
  function watchEnd(element: HTMLElement) {
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) void chats.more();
      },
      { rootMargin: "300px" },
    );
    observer.observe(element);
    onCleanup(() => observer.disconnect());
  }

  return (
    <div class="chat-list">
      <Show when={chats.error() && chats.all().length === 0}>
        <ProblemNote text={`${t("nav.listFailed")} ${explain(chats.error())}`} retry={() => void chats.refresh()} />
      </Show>
      <Show when={chats.loaded() && chats.all().length === 0}>
        <p class="chat-list-none">{t("nav.none")}</p>
      </Show>
      <For each={groups().map(({ group }) => (typeof group === "string" ? group : group.month))}>
        {(name, index) => {
          const label = () => {
            const group = groups()[index()]?.group;
            return typeof group === "string" ? t(`days.${group}`) : (group?.month ?? name);
          };
          return (
            <section>
              <h2 class="day">{label()}</h2>
              <ul class="plain-list">
                <For each={groups()[index()]?.chats.map(({ id }) => id)}>
                  {(id) => <Show when={byId().get(id)}>{(chat) => <ChatItem chat={chat()} />}</Show>}
                </For>
              </ul>
            </section>
          );
        }}
      </For>
      <div ref={watchEnd} class="chat-list-end">
        <Show when={chats.loadingMore()}>{t("app.loading")}</Show>
      </div>
    </div>
  );
}

// The person's list of chats: pages from the server, grouped by day, with renames shown at once and deletions that
// can be taken back for a moment.
import { createMemo, createSignal, onCleanup } from "solid-js";
import type { ChatListReply, ChatSummary } from "../../protocol/requests.ts";
import { deleteChat, listChats, renameChat } from "../api/chats.ts";
import type { DayGroup, Formats } from "../i18n/format.ts";
import { t } from "../i18n/locale.ts";
import { makeRemote } from "./remote.ts";
import { dismiss, toast } from "./toasts.ts";

const UNDO_FOR = 6_000;
/** The list is asked again this often while an answer runs in a chat that is not open here. */
const WATCH_EVERY = 5_000;
/** A page of the list that has not come after this is asked for again by the next look at its end, ms. */
const MORE_TIMEOUT = 20_000;

export interface ChatGroup {
  group: DayGroup;
  chats: ChatSummary[];
}

/** The list as it is shown: newest first, in the calendar days of the reader. */
export function groupByDay(chats: readonly ChatSummary[], formats: Formats, now: number): ChatGroup[] {
  const groups: ChatGroup[] = [];
  for (const chat of chats.toSorted((a, b) => b.updatedAt - a.updatedAt)) {
    const group = formats.dayGroup(chat.updatedAt, now);
    const last = groups.at(-1);
    if (last && JSON.stringify(last.group) === JSON.stringify(group)) last.chats.push(chat);
    else groups.push({ group, chats: [chat] });
  }
  return groups;
}

export function useChats() {
  /** Whether the open chat is answering: it knows better than a list that may be a moment behind. */
  const [open, setOpen] = createSignal<Pick<ChatSummary, "id" | "running"> | null>(null);
  const [leaving, setLeaving] = createSignal<ReadonlyMap<string, () => void>>(new Map());

  /** As many pages as the reader has scrolled to. */
  let wanted = 1;
  const list = makeRemote(
    async (signal): Promise<readonly ChatListReply[]> => {
      const pages: ChatListReply[] = [];
      let cursor: string | null = null;
      do {
        const page: ChatListReply = await listChats(cursor, signal);
        pages.push(page);
        cursor = page.cursor;
      } while (cursor !== null && pages.length < wanted);
      return pages;
    },
    { every: (pages) => (pages?.some((page) => page.chats.some((chat) => chat.running)) ? WATCH_EVERY : null) },
  );
  const [loadingMore, setLoadingMore] = createSignal(false);

  /** The reader came near the end of the list. */
  async function more(): Promise<void> {
    const cursor = list.data()?.at(-1)?.cursor ?? null;
    if (cursor === null || loadingMore()) return;
    setLoadingMore(true);
    try {
      const page = await listChats(cursor, AbortSignal.timeout(MORE_TIMEOUT));
      wanted++;
      list.change((pages) => [...pages, page]);
    } catch {
      // The next look at the end asks again.
    }
    setLoadingMore(false);
  }

  const all = createMemo((): ChatSummary[] => {
    const seen = new Map<string, ChatSummary>();
    for (const page of list.data() ?? []) for (const chat of page.chats) seen.set(chat.id, chat);
    const known = open();
    return [...seen.values()]
      .filter((chat) => !leaving().has(chat.id))
      .map((chat) => (chat.id === known?.id && chat.running !== known.running ? { ...chat, ...known } : chat));
  });

  const editPages = (edit: (chats: ChatSummary[]) => ChatSummary[]) =>
    list.change((pages) => pages.map((page) => ({ ...page, chats: edit(page.chats) })));

  /** What an open chat knows better than the list: its title and whether it is answering. */
  function touch(id: string, change: Partial<Pick<ChatSummary, "title" | "running" | "updatedAt">>) {
    editPages((chats) => chats.map((chat) => (chat.id === id ? { ...chat, ...change } : chat)));
  }

  /** A chat that was just begun here, before the server's list says so. */
  function add(id: string) {
    const now = Date.now();
    const fresh: ChatSummary = { id, title: "", createdAt: now, updatedAt: now, running: true };
    list.change(([first, ...rest]) => (first ? [{ ...first, chats: [fresh, ...first.chats] }, ...rest] : []));
  }

  async function rename(id: string, title: string): Promise<void> {
    const before = all().find((chat) => chat.id === id)?.title;
    if (title === before) return;
    touch(id, { title });
    try {
      await renameChat(id, title);
    } catch {
      if (before !== undefined) touch(id, { title: before });
      toast(t("chat.renameFailed"), { label: t("app.retry"), run: () => void rename(id, title) });
    }
  }

  /** Takes a chat off the list at once, and deletes it when the time to undo is over (or the page closes). */
  function remove(chat: Pick<ChatSummary, "id" | "title">): void {
    let settled = false;
    const settle = () => {
      settled = true;
      clearTimeout(timer);
      dismiss(message);
      setLeaving((now) => new Map([...now].filter(([id]) => id !== chat.id)));
    };
    const commit = async (closing = false) => {
      if (settled) return;
      try {
        await deleteChat(chat.id, closing);
        editPages((chats) => chats.filter(({ id }) => id !== chat.id));
      } catch {
        toast(t("chat.deleteFailed"), { label: t("app.retry"), run: () => remove(chat) });
      }
      settle();
    };
    const timer = setTimeout(commit, UNDO_FOR);
    const title = chat.title || t("nav.untitled");
    const message = toast(t("chat.deleted", title), { label: t("app.undo"), run: settle }, UNDO_FOR);
    setLeaving((now) => new Map(now).set(chat.id, () => void commit(true)));
  }

  const closing = () => {
    for (const commit of leaving().values()) commit();
  };
  window.addEventListener("pagehide", closing);
  onCleanup(() => window.removeEventListener("pagehide", closing));

  return {
    all,
    loaded: () => list.data() !== undefined,
    error: list.error,
    refresh: list.refresh,
    more,
    loadingMore,
    setOpen,
    add,
    touch,
    rename,
    remove,
  };
}

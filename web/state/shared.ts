// A chat that somebody shared: read as it is now, and again while an answer comes.
import { createMemo } from "solid-js";
import type { MessageState } from "../../protocol/reduce.ts";
import { readShared } from "../api/chats.ts";
import { visiblePath } from "./path.ts";
import { makeRemote } from "./remote.ts";

const WHILE_RUNNING = 1_500;

export function followShared(token: string) {
  const chat = makeRemote(() => readShared(token), { every: (now) => (now?.running ? WHILE_RUNNING : null) });
  /** The branch that leads to the latest message, as its owner sees it first. */
  const shown = createMemo(() => {
    const messages = chat.data()?.messages ?? [];
    const byId = Object.fromEntries(
      messages.map(({ id, parent, role, text, time }) => [
        id,
        { id, parent, role, text, run: null, time } satisfies MessageState,
      ]),
    );
    const known = new Map(messages.map((message) => [message.id, message]));
    return visiblePath(byId, {}).flatMap(({ id }) => known.get(id) ?? []);
  });
  return { ...chat, shown };
}

// A chat's link for others: made, shown, and taken back.
import { createSignal } from "solid-js";
import { shareChat, unshareChat } from "../api/chats.ts";
import { makeAction } from "./action.ts";

export function makeShare(chatId: string) {
  const { busy, failure, run } = makeAction();
  const [link, setLink] = createSignal<string | null>(null);
  const [takenBack, setTakenBack] = createSignal(false);

  return {
    link,
    busy,
    failure,
    takenBack,
    make: () =>
      run(async () => {
        const { page } = await shareChat(chatId);
        setTakenBack(false);
        setLink(new URL(page, location.href).href);
      }),
    takeBack: () =>
      run(async () => {
        await unshareChat(chatId);
        setLink(null);
        setTakenBack(true);
      }),
  };
}

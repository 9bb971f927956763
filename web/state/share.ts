// A chat's link for others: made, shown, and taken back.
import { createSignal } from "solid-js";
import { shareChat, unshareChat } from "../api/chats.ts";

export function makeShare(chatId: string) {
  const [link, setLink] = createSignal<string | null>(null);
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<unknown>(null);
  const [takenBack, setTakenBack] = createSignal(false);

  async function go(act: () => Promise<void>) {
    setBusy(true);
    setFailure(null);
    try {
      await act();
    } catch (error) {
      setFailure(() => error);
    }
    setBusy(false);
  }

  return {
    link,
    busy,
    failure,
    takenBack,
    make: () =>
      go(async () => {
        const { page } = await shareChat(chatId);
        setTakenBack(false);
        setLink(new URL(page, location.href).href);
      }),
    takeBack: () =>
      go(async () => {
        await unshareChat(chatId);
        setLink(null);
        setTakenBack(true);
      }),
  };
}

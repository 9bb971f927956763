// What was typed and not sent, per chat: it survives a reload and a look at another chat.
import { recall, remember } from "./storage.ts";

const key = (chatId: string | null) => `draft.${chatId ?? "new"}`;

export const recallDraft = (chatId: string | null): string => recall(key(chatId)) ?? "";
export const rememberDraft = (chatId: string | null, text: string): void => remember(key(chatId), text || null);

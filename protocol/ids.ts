// Ids: a chat's id is its Durable Object's id (64 hex digits); a run's id is `<chatId>.<n>`, `n` from 1.
// A message's id is short and unique within its chat; to everyone but the chat's object it is opaque.

const CHAT_ID = /^[0-9a-f]{64}$/;
const RUN_ID = /^([0-9a-f]{64})\.([1-9][0-9]{0,14})$/;

/** What a `{id}` on the wire names: a whole chat, or one run of it. */
export interface Target {
  chatId: string;
  /** The run's number, when the id names a run. */
  run?: number;
}

export function formatRunId(chatId: string, run: number): string {
  return `${chatId}.${run}`;
}

/** Reads a chat's or a run's id; `undefined` when it has neither form. Says nothing of whether it exists. */
export function parseTarget(id: string): Target | undefined {
  if (CHAT_ID.test(id)) return { chatId: id };
  const [, chatId, run] = RUN_ID.exec(id) ?? [];
  return chatId && run ? { chatId, run: Number(run) } : undefined;
}

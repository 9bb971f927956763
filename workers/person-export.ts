// All that is kept of a person, as one JSON document. It is written as it is read: all of it may be more than there is
// memory. One that is whole lacks nothing: what can't be read breaks it off, or refuses it before anything was sent.
import { expect } from "./problem.ts";
import type { Services } from "./services.ts";

/** `head` with the person's chats. */
export async function personExport(
  services: Services,
  person: string,
  head: object,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  const chats = chatsOf(services, person);
  let next = await chats.next();
  let before = `${JSON.stringify(head).slice(0, -1)},"chats":[`;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = next;
      controller.enqueue(encoder.encode(done ? `${before.replace(/^,$/, "")}]}` : before + value));
      before = ",";
      if (done) controller.close();
      else next = await chats.next();
    },
    cancel: async () => void (await chats.return(undefined)),
  });
}

/** Each chat, as JSON. */
async function* chatsOf(services: Services, person: string): AsyncGenerator<string> {
  let after = "";
  for (;;) {
    const ids = await services.person(person).chatIds(after);
    for (const id of ids) {
      const chat = await services.chat(id).export(person);
      // One that was deleted meanwhile, or is about to begin, is not kept.
      if (!chat.ok && chat.failure.code === "unknown_chat") continue;
      yield JSON.stringify(expect(chat));
    }
    const last = ids.at(-1);
    if (last === undefined) return;
    after = last;
  }
}

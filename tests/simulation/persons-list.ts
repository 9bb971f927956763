// The person's list beyond the outbox: told at least once, over a network that loses calls and replies.
import { type ChatUpdate, pendingUpdate } from "../../durable-objects/outbox.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

export class PersonsList {
  readonly texts = new Map<string, string>();

  #take(update: ChatUpdate): void {
    for (const { messageId, text } of update.texts) this.texts.set(messageId, text);
  }

  /** What the chat's object does when its alarm rings: tells the list, and remembers what it has told. */
  bringUpToDate({ scheduler, random, rough }: World, { log, writer, supervisor, life }: Process): void {
    const through = writer.durable;
    const update = pendingUpdate(log, { through, archived: 0 });
    if (!update || (rough && random.chance(0.2))) return;
    scheduler.after(random.between(1, 100), () => {
      this.#take(update);
      if (rough && random.chance(0.2)) return;
      scheduler.turnAfter(random.between(1, 100), life, () => {
        if (!supervisor.busy) log.setDelivered({ delivered: through });
      });
    });
  }
}

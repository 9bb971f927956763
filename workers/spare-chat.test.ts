import { expect, test } from "vitest";
import { createSpareChat } from "./spare-chat.ts";

function spareChat(wake: (id: string) => Promise<void> = async () => {}) {
  const at = { now: 1_000_000, ids: 0, woken: [] as string[] };
  const chat = createSpareChat({
    newId: () => `chat ${++at.ids}`,
    async wake(id) {
      at.woken.push(id);
      await wake(id);
    },
    now: () => at.now,
    wait: async () => {},
  });
  return { at, chat };
}

test("a chat begins in an object that is awake, and each in one of its own", async () => {
  const { at, chat } = spareChat();
  expect(chat.take()).toBe("chat 1");
  await chat.refill();
  await chat.refill();
  expect(at.woken).toEqual(["chat 2"]);
  expect([chat.take(), chat.take()]).toEqual(["chat 2", "chat 3"]);
});

test("one that does not wake is not waited for", async () => {
  const { chat } = spareChat(() => Promise.reject(new Error("overloaded")));
  await chat.refill();
  expect(chat.take()).toBe("chat 2");
  await chat.refill();
  expect(chat.take()).toBe("chat 4");
});

test("a request that was cancelled meanwhile does not keep the next ones from it for long", async () => {
  const { at, chat } = spareChat(() => (at.woken.length === 1 ? new Promise<void>(() => {}) : Promise.resolve()));
  void chat.refill();
  await Promise.resolve();
  await chat.refill();
  expect(at.woken).toHaveLength(1);
  at.now += 60_000;
  await chat.refill();
  expect(at.woken).toHaveLength(2);
  expect(chat.take()).toBe("chat 2");
});

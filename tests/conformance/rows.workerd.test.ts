// Proves what the page's Compare and docs/operations.md count with (`web/state/costs.ts`): the rows that an answer writes
// beside its text, in its chat and in its person's object, as the platform counts them.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { countRows } from "../../bench/count-rows.ts";
import type { RunAsk } from "../../durable-objects/run-ask.ts";
import { madeTokenSchema, meReplySchema } from "../../protocol/access.ts";
import { ROWS } from "../../web/state/costs.ts";
import { answer, bearer, cacheIsUp, fresh, model, post, read } from "./kit.ts";

const AT_ONCE = model("tokens-1000-rate-0");
const LIMITS = { asksPerMinute: 1_000, answersAtOnce: 100, tokensPerDay: 1_000_000, dollarsPerDay: 100 };
/** A busy machine may commit once more, or set an alarm twice. */
const MORE = 2;
/** A chat in which no row was written for so long has told of what ended, ms. */
const TOLD_MS = 1_500;

const count = (object: DurableObjectStub) => runInDurableObject(object, (_, { storage }) => countRows(storage));

/** Resolves when nothing more is written. */
async function told(rows: () => number): Promise<void> {
  for (let before = -1; before !== rows(); await scheduler.wait(TOLD_MS)) before = rows();
}

/** The rows of an answer, of three: where the alarm is late, one's are counted with the next. */
async function each(rows: () => number, act: () => Promise<void>): Promise<number> {
  const before = rows();
  for (let n = 0; n < 3; n++) {
    await act();
    await told(rows);
  }
  return (rows() - before) / 3;
}

/** A chat that nobody began yet, with a counter; and how it is asked. */
async function countedChat() {
  const chat = env.CHAT.get(env.CHAT.newUniqueId());
  const rows = await count(chat);
  const ask = async (more: Partial<RunAsk> = {}) => {
    const whole: RunAsk = {
      prompt: fresh("rows"),
      tier: "mvp",
      provider: "compatible",
      model: AT_ONCE,
      params: { temperature: null, maxOutputTokens: null, system: null },
      cache: { mode: "default", ttl: null, pace: "instant" },
      tenant: "open",
      recovery: "replace",
      idempotency: null,
      ...more,
    };
    const started = await chat.generate("rows", whole, { tenant: "open" });
    if (!started.ok) throw new Error(started.failure.detail);
    const { run, cache } = started.value;
    const state = async () => {
      const status = await chat.status("rows", run);
      return status.ok && status.value.state;
    };
    await expect.poll(state, { timeout: 20_000 }).toBe("completed");
    return cache;
  };
  return { rows, ask };
}

const expectAbout = (rows: number, counted: number) => {
  expect(rows).toBeGreaterThanOrEqual(counted - 1);
  expect(rows).toBeLessThanOrEqual(counted + MORE);
};

it("an answer writes in its chat what is counted for it, and as much more as is said where the chat is new", {
  timeout: 90_000,
}, async () => {
  const { rows, ask } = await countedChat();
  await ask();
  await told(rows);
  const first = rows();
  const next = await each(rows, async () => void (await ask()));
  expectAbout(next, ROWS.ofLog);
  expectAbout(first - next, ROWS.ofTables);
});

it("a kept answer writes what is counted for it", { timeout: 90_000 }, async () => {
  await cacheIsUp();
  const { rows, ask } = await countedChat();
  const kept = { tier: "redis", prompt: fresh("kept") } as const;
  expect(await ask(kept)).toBe("miss");
  await told(rows);
  const written = await each(rows, async () => {
    // The first message again: the same conversation.
    expect(await ask({ ...kept, parentId: null })).toBe("hit");
  });
  expectAbout(written, ROWS.ofHit);
});

it("an answer writes in its person's object what is counted for it, where they have limits", {
  timeout: 90_000,
}, async () => {
  const admin = bearer("token-of-the-admin");
  const asked = await admin.fetch("/api/admin/tokens", post({ name: "rows", limits: LIMITS }));
  const made = await read(asked, madeTokenSchema, 201);
  const who = bearer(made.token);
  const settled = async () => {
    const underWay = async () => (await read(await who.fetch("/api/me"), meReplySchema)).usage.answersNow;
    await expect.poll(underWay, { timeout: 20_000 }).toBe(0);
  };
  const { chatId } = await answer(who, { prompt: fresh("rows"), model: AT_ONCE });
  await settled();
  const rows = await count(env.PERSON.get(env.PERSON.idFromName(`made:${made.id}`)));
  const written = await each(rows, async () => {
    await answer(who, { prompt: fresh("rows"), chatId, model: AT_ONCE });
    await settled();
  });
  expectAbout(written, ROWS.ofPerson);
});

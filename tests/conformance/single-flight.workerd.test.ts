// "The cache" of docs/PROTOCOL.md: what is asked at once is made once, and each may leave alone.
import { beforeAll, describe, expect, it } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import type { GenerateRequest } from "../../protocol/requests.ts";
import { ask, cacheIsUp, counters, ended, fresh, model, type Person, person, statusOf } from "./kit.ts";
import { isRecord, SseReader } from "./readers.ts";

beforeAll(cacheIsUp);

/** Two hundred ask at once in `tests/journeys/redis.test.ts`, where a silent provider has longer than here. */
const MANY = 12;

const redis = (prompt: string, words: string): GenerateRequest => ({ prompt, tier: "redis", model: model(words) });

/** Chats that are there already: making them is work of its own, which a busy machine may take long for. */
async function makeChats(who: Person, count: number): Promise<string[]> {
  const body = redis(fresh("hello"), "tokens-2-rate-0");
  const made = await Promise.all(Array.from({ length: count }, () => ask(who, body)));
  for (const { id } of made) await ended(who, id);
  return made.map(({ chatId }) => chatId);
}

/** All these chats ask the same at once. */
const askAll = (who: Person, chats: string[], body: GenerateRequest) =>
  Promise.all(chats.map((chatId) => ask(who, { ...body, chatId, parentId: null })));

async function replicaOf(who: Person, run: string) {
  return new SseReader(await who.fetch(`/api/chat/stream/${run}`)).until(isRecord("run.ended"));
}

const stop = (who: Person, run: string) => who.fetch(`/api/chat/cancel/${run}`, { method: "POST" });
const countsOf = async (prompt: string) => (await counters()).perPrompt[prompt];

describe("chats that ask the same at once", () => {
  it("are one request to the provider, and each has all of the answer; one of them pays", async () => {
    const who = await person();
    const prompt = fresh("many");
    const asked = await askAll(who, await makeChats(who, MANY), redis(prompt, "tokens-60-rate-20"));
    const replicas = await Promise.all(asked.map(({ id }) => replicaOf(who, id)));
    expect(asked.map(({ id }, i) => replicas[i]?.text(id))).toEqual(asked.map(() => scriptedText(prompt, 60)));
    expect(await countsOf(prompt)).toMatchObject({ requests: 1, generations: 1, madeTwice: 0 });
    const receipts = asked.map(({ id }, i) => replicas[i]?.state.runs[id]?.receipt);
    expect(receipts.filter((receipt) => receipt?.cache === "miss" && receipt.requests === 1)).toHaveLength(1);
    const others = receipts.filter((receipt) => receipt?.cache === "collapsed");
    expect(others).toHaveLength(MANY - 1);
    const [paid] = receipts.filter((receipt) => receipt?.requests === 1);
    for (const receipt of others) {
      expect(receipt).toMatchObject({ cost: 0, inputTokens: 0, outputTokens: 0, requests: 0 });
      expect(receipt?.saved).toMatchObject({ outputTokens: paid?.outputTokens, cost: paid?.cost });
    }
  }, 60_000);

  it("may stop but for one, who has it whole and pays", async () => {
    const who = await person();
    const prompt = fresh("all but one");
    const [first, ...others] = await askAll(who, await makeChats(who, MANY), redis(prompt, "tokens-100-rate-10"));
    const last = others.pop();
    await Promise.all([first, ...others].map((each) => stop(who, each?.id ?? "")));
    const replica = await replicaOf(who, last?.id ?? "");
    expect(replica.text(last?.id ?? "")).toBe(scriptedText(prompt, 100));
    expect(replica.state.runs[last?.id ?? ""]).toMatchObject({ status: "completed", receipt: { requests: 1 } });
    expect(await countsOf(prompt)).toMatchObject({ requests: 1, generated: 100 });
    for (const { id } of others) {
      const { state, receipt } = await statusOf(who, id);
      expect([state, receipt?.requests, receipt?.cost]).toEqual(["cancelled", 0, 0]);
    }
  }, 60_000);

  it("stop the provider when all of them stop", async () => {
    const who = await person();
    const prompt = fresh("all");
    const asked = await askAll(who, await makeChats(who, MANY), redis(prompt, "tokens-2000-rate-10"));
    const [first] = asked;
    const reader = new SseReader(await who.fetch(`/api/chat/stream/${first?.id}`));
    await reader.until(({ record }) => record.type === "delta" && record.text !== "");
    await Promise.all(asked.map(({ id }) => stop(who, id)));
    const states = await Promise.all(asked.map(async ({ id }) => (await statusOf(who, id)).state));
    expect(new Set(states)).toEqual(new Set(["cancelled"]));
    const { generated } = (await countsOf(prompt)) ?? { generated: Number.NaN };
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    // One may have been under way.
    expect((await countsOf(prompt))?.generated).toBeLessThanOrEqual(generated + 1);
    expect(generated).toBeLessThan(2_000);
    expect((await countsOf(prompt))?.requests).toBe(1);
    // Whoever asks after that has it made.
    const { id } = await ask(who, redis(prompt, "tokens-2000-rate-10"));
    await new SseReader(await who.fetch(`/api/chat/stream/${id}`)).until(({ record }) => record.type === "delta");
    await stop(who, id);
    expect((await countsOf(prompt))?.requests).toBe(2);
  }, 60_000);
});

describe.concurrent("who comes later", () => {
  it("gets what there is, then the rest as it comes", async () => {
    const who = await person();
    const prompt = fresh("later");
    const body = redis(prompt, "tokens-60-rate-20");
    const first = await ask(who, body);
    await new SseReader(await who.fetch(`/api/chat/stream/${first.id}`)).until(
      (_, replica) => replica.text(first.id).length > scriptedText(prompt, 20).length,
    );
    const late = await ask(who, body);
    const replica = await replicaOf(who, late.id);
    expect(replica.text(late.id)).toBe(scriptedText(prompt, 60));
    expect(replica.state.runs[late.id]?.receipt).toMatchObject({ cache: "collapsed", requests: 0 });
    expect((await ended(who, first.id)).receipt).toMatchObject({ cache: "miss", requests: 1 });
    expect(await countsOf(prompt)).toMatchObject({ requests: 1 });
  });

  it("may leave, and the first one may: the other goes on", async () => {
    const who = await person();
    const prompt = fresh("the first leaves");
    const body = redis(prompt, "tokens-60-rate-20");
    const [first, second] = [await ask(who, body), await ask(who, body)];
    await stop(who, first.id);
    expect((await ended(who, first.id)).receipt).toMatchObject({ cost: 0, requests: 0 });
    const replica = await replicaOf(who, second.id);
    expect(replica.text(second.id)).toBe(scriptedText(prompt, 60));
    expect(replica.state.runs[second.id]?.receipt).toMatchObject({ requests: 1 });
  });
});

describe.concurrent("what becomes of the answer becomes of all who follow it", () => {
  it("a failure, with its reason", async () => {
    const who = await person();
    const prompt = fresh("fails");
    const body: GenerateRequest = { ...redis(prompt, "tokens-60-rate-20-401"), provider: "compatible" };
    const asked = await askAll(who, await makeChats(who, 3), body);
    const ends = await Promise.all(asked.map(({ id }) => ended(who, id)));
    for (const { status, error } of ends) expect([status, error?.code]).toEqual(["failed", "provider_auth"]);
    expect(new Set(ends.map(({ error }) => error?.message)).size).toBe(1);
  });

  it("a recovery, in each one's records", async () => {
    const who = await person();
    const prompt = fresh("recovers");
    const asked = await askAll(who, await makeChats(who, 3), redis(prompt, "tokens-60-rate-30-cut-20-once"));
    for (const { id } of asked) {
      const replica = await replicaOf(who, id);
      expect(replica.text(id)).toBe(scriptedText(prompt, 60));
      expect(replica.types()).toContain("run.recovered");
      expect(replica.state.runs[id]?.receipt?.recoveries).toMatchObject([{ mode: "reattach", madeTwice: 0 }]);
    }
    expect(await countsOf(prompt)).toMatchObject({ generations: 1, madeTwice: 0 });
  });

  it("a break for good: each one's own policy decides whether it is replaced, and those share again", async () => {
    const who = await person();
    const prompt = fresh("breaks");
    const body: GenerateRequest = {
      ...redis(prompt, "tokens-40-rate-30-cut-20-noprefill-nocontinue"),
      provider: "compatible",
    };
    const [one, other] = [
      await ask(who, { ...body, recovery: "free" }),
      await ask(who, { ...body, recovery: "replace" }),
    ];
    expect(await ended(who, one.id)).toMatchObject({ status: "interrupted", replacedBy: null });
    expect(await ended(who, other.id)).toMatchObject({ status: "interrupted", replacedBy: `${other.chatId}.2` });
    await stop(who, `${other.chatId}.2`);
  });
});

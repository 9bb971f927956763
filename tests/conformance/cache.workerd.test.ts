// "The cache" of docs/PROTOCOL.md, in the redis tier.
import { beforeAll, describe, expect, it } from "vitest";
import type { GenerateRequest } from "../../protocol/requests.ts";
import { answer, cacheIsUp, counters, fresh, model, type Person, person, post, problem } from "./kit.ts";
import { SseReader } from "./readers.ts";

const FAST = model("tokens-12-rate-0");
const redis = (prompt: string, more: Partial<GenerateRequest> = {}): GenerateRequest => ({
  prompt,
  tier: "redis",
  model: FAST,
  ...more,
});

// The store starts when it is first asked.
beforeAll(cacheIsUp);

describe.concurrent("a kept answer", () => {
  it("is given again, the same, at no cost", async () => {
    const who = await person();
    const prompt = fresh("kept");
    const first = await told(who, redis(prompt));
    expect(first.end).toMatchObject({ status: "completed", receipt: { tier: "redis", cache: "miss", requests: 1 } });
    await kept(who, prompt);
    const second = await told(who, redis(prompt));
    expect(second.end).toMatchObject({
      status: "completed",
      receipt: { cache: "hit", cost: 0, requests: 0, inputTokens: 0, outputTokens: 0 },
    });
    expect(second.text).toBe(first.text);
    expect(await requests(prompt)).toBe(1);
  });
});

/** Resolves when the answer has come to the cache. */
async function kept(who: Person, prompt: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await who.fetch("/api/chat/generate", post(redis(prompt, { cache: { mode: "only-if-cached" } })));
    if (response.status === 202) return;
    await problem(response, "not_cached", 404);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("The answer never came to the cache.");
}

/** An answer with its text. */
async function told(who: Person, body: GenerateRequest) {
  const reply = await answer(who, body);
  const reader = new SseReader(await who.fetch(`/api/chat/stream/${reply.id}`));
  const replica = await reader.until(({ record }) => record.type === "run.ended");
  return { ...reply, text: replica.text(reply.id) };
}

/** Requests that the model had for a prompt. */
async function requests(prompt: string): Promise<number> {
  return (await counters()).perPrompt[prompt]?.requests ?? 0;
}

// What the tests of scripted faults share: an ask that meets a fault, its end, and the proof that the chat is as good
// as before.
import { expect } from "vitest";
import { scriptedText } from "../../local/model/text.ts";
import type { ProviderName } from "../../protocol/records.ts";
import type { RunState } from "../../protocol/reduce.ts";
import type { GenerateRequest } from "../../protocol/requests.ts";
import { answer, ask, counters, fresh, model, person } from "./kit.ts";
import { Replica, SseReader } from "./readers.ts";

export const PROVIDERS: readonly ProviderName[] = ["openai", "anthropic", "compatible"];

export interface Outcome {
  prompt: string;
  chatId: string;
  run: RunState;
  replica: Replica;
  /** What the scripted model counted for this prompt; absent when no request came as far as a prompt. */
  made: Awaited<ReturnType<typeof counters>>["perPrompt"][string] | undefined;
}

/** Asks `scripted-<words>`, reads the run to its end, then asks again in the same chat, which must work. */
export async function meet(provider: ProviderName, words: string, more: GenerateRequest = {}): Promise<Outcome> {
  const who = await person();
  const prompt = fresh(words);
  const { id, chatId, links } = await ask(who, { prompt, provider, model: model(words), ...more });
  const replica = new Replica();
  await new SseReader(await who.fetch(links.stream)).rest(replica);
  const run = replica.state.runs[id];
  if (!run) throw new Error(`The stream of ${id} said nothing of it.`);
  const made = (await counters()).perPrompt[prompt];

  const next = fresh(`after ${words}`);
  const parentId = run.replacedBy ? { parentId: run.message } : {};
  const { id: nextId } = await answer(who, {
    prompt: next,
    chatId,
    provider,
    model: model("tokens-4-rate-0"),
    ...parentId,
  });
  const rest = new Replica();
  await new SseReader(await who.fetch(`/api/chat/stream/${nextId}`)).rest(rest);
  expect(rest.text(nextId)).toBe(scriptedText(next, 4));
  return { prompt, chatId, run, replica, made };
}

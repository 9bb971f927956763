// Many chats at once, one reader each: what a token costs and how late it comes while all of them run, and how long a
// new ask waits for its first one.
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, Window } from "./answer.ts";
import { faultOf } from "./check.ts";
import { meter, type Pids, type Spent } from "./meter.ts";
import { type Spread, spreadOf } from "./stats.ts";
import { type Addresses, answerFor, ask, type Provider, type Subject, sessions, wireOf } from "./subjects.ts";
import { PATIENCE_SECONDS, until } from "./until.ts";

export interface ChatsSpec {
  kind: "chats";
  subject: Subject;
  provider: Provider;
  chats: number;
  /** Tokens a second and chat. */
  rate: number;
  /** From one ask to the next, ms. */
  spacing: number;
  /** How long tokens are counted once all chats run, seconds. */
  seconds: number;
  /** Asks made one after another after that, and as many again that follow them. */
  probes: number;
}

export interface ChatsResult {
  kind: "chats";
  /** While all chats ran and nothing else happened. */
  steady: Spent & { tokens: number; delays: Spread };
  /** From the first ask to the last end. */
  whole: Spent & { tokens: number };
  /** From the sent ask to its first token, ms: of an ask that begins a chat, and of the next one in that chat. */
  firstToken: Spread;
  followUp: Spread;
  /** Answers that were not exactly what the model said, or did not end; at most five are told. */
  wrong: number;
  faults: string[];
}

interface Running {
  prompt: string;
  answer: Answer;
}

/** A probe's answer is short: it is asked for its first token. */
const PROBE_TOKENS = 5;
const SETTLE_MS = 1_000;

export async function measureChats(spec: ChatsSpec, addresses: Addresses, pids: Pids): Promise<ChatsResult> {
  const { subject, provider, chats, rate, spacing, seconds, probes } = spec;
  const ramp = chats * spacing + SETTLE_MS + 1_000;
  const tokens = Math.ceil((rate * (ramp + seconds * 1000 + probes * 300)) / 1000 + rate);
  const persons = subject === "pass-through" ? [] : await sessions(addresses.keepstream, chats + 1);
  const window = new Window();
  const running: Running[] = [];
  const faults: string[] = [];
  const begin = async (index: number, length: number, chatId: string | null = null) => {
    const answer = answerFor(subject, window);
    const prompt = `${subject} ${index} of ${chats}, ${Date.now()}`;
    const model = `scripted-tokens-${length}-rate-${rate}-stamped`;
    const asking = { provider, model, prompt, token: persons[index] ?? "", ...(chatId && { chatId }) };
    const asked = await ask(subject, addresses, asking, answer);
    return { prompt, answer, asked };
  };
  /** Asks, waits for the end, and gives how long the first token took and in which chat. */
  const probe = async (waits: number[], chatId: string | null = null) => {
    const { answer, asked } = await begin(chats, PROBE_TOKENS, chatId);
    await until(() => answer.ended !== "no");
    if (answer.firstTokenAt !== null) waits.push(answer.firstTokenAt - performance.timeOrigin - asked);
    else faults.push(`an ask alone: HTTP ${answer.status}, no token`);
    return answer.headers.get("x-chat-id") ?? null;
  };

  const whole = meter(pids);
  for (let i = 0; i < chats; i++) {
    const due = sleep(spacing);
    running.push(await begin(i, tokens));
    await due;
  }
  await until(() => running.every(({ answer }) => answer.tokens > 0 || answer.ended !== "no"));
  await sleep(SETTLE_MS);

  const steady = meter(pids);
  window.open = true;
  await sleep(seconds * 1000);
  window.open = false;
  const steadily = { ...steady(), tokens: window.tokens, delays: spreadOf(window.delays) };

  const firstTokens: number[] = [];
  const followUps: number[] = [];
  for (let i = 0; i < probes; i++) {
    const chatId = await probe(firstTokens);
    await probe(followUps, chatId);
  }

  await until(() => running.every(({ answer }) => answer.ended !== "no"));
  const received = running.reduce((sum, { answer }) => sum + answer.tokens, 0) + 2 * probes * PROBE_TOKENS;
  const wholly = { ...whole(), tokens: received };

  for (const { prompt, answer } of running) {
    const fault =
      answer.ended === "no"
        ? `not ended after ${PATIENCE_SECONDS} s`
        : faultOf(wireOf(subject, provider), answer.body, prompt, tokens);
    if (fault) faults.push(`${prompt}: HTTP ${answer.status}, ${fault}`);
  }
  return {
    kind: "chats",
    steady: steadily,
    whole: wholly,
    firstToken: spreadOf(firstTokens),
    followUp: spreadOf(followUps),
    wrong: faults.length,
    faults: faults.slice(0, 5),
  };
}

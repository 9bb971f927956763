// One crash: an answer of 60 chunks is read as it comes, and at a given chunk the launcher and workerd get SIGKILL. Then
// the stack is started again, nobody asks anything of the chat, and what became of the answer is judged.

import type { ScriptedModel } from "../../local/model/server.ts";
import { hashOf, scriptedText, scriptedToken } from "../../local/model/text.ts";
import type { ProviderName, Receipt, RunErrorCode, RunStatus, Tier } from "../../protocol/records.ts";
import type { GenerateRequest, RecoveryPolicy } from "../../protocol/requests.ts";
import type { Client } from "./client.ts";
import { READ, readToEnd } from "./readers.ts";
import { eventually, type Stack } from "./stack.ts";
import { Transcript } from "./transcript.ts";

export const CHUNKS = 60;
/** Chunks a second: text is promised three times in an answer, and most kills take some that was shown and not promised. */
const RATE = 25;

export interface Crash {
  provider: ProviderName;
  /** Chunks seen when the signal is sent, 0 to 60. */
  index: number;
  /** Words of the scripted model's name, such as `-noreattach`. */
  words?: string;
  recovery?: RecoveryPolicy;
  /** The server's default without it. */
  tier?: Tier;
  /** Further chats that ask the same at the same time, where answers are shared. */
  followers?: number;
}

export type Outcome = "undisturbed" | "reattach" | "continue" | "replace" | "interrupted";

export interface Verdict {
  outcome: Outcome;
  status: RunStatus;
  receipt: Receipt;
  /** Characters promised to the reader before the crash. */
  promised: number;
  /** Where it went on, when it did. */
  at: number | null;
  /** As the receipt says, and as the model counted. */
  saidTwice: number;
  madeTwice: number;
  /** Answers the model began, and how many of them went on from a given text. */
  generations: number;
  continuations: number;
  /** The run's error, where it has one. */
  error: RunErrorCode | null;
}

/** Throws when anything promised was lost or changed, or the end is not what it should be. */
export async function crash(stack: Stack, model: ScriptedModel, client: Client, options: Crash): Promise<Verdict> {
  const { provider, index, words = "", recovery, tier, followers = 0 } = options;
  const prompt = `Crash at ${index}: ${crypto.randomUUID()}`;
  const whole = scriptedText(prompt, CHUNKS);
  const reached = positionOf(prompt, index);
  const kill = stack.aim();

  const body: GenerateRequest = {
    prompt,
    provider,
    model: `scripted-tokens-${CHUNKS}-rate-${RATE}${words}`,
    ...(recovery && { recovery }),
    ...(tier && { tier }),
  };
  const { id, chatId } = await client.ask(body);
  const others = await Promise.all(Array.from({ length: followers }, () => client.ask(body)));
  const reader = new Transcript();
  const enough = () => reader.text(id).length >= reached;
  await READ.sse(client, id, reader, () => {
    // In the same turn in which the chunk was seen.
    if (enough()) kill();
    return enough();
  });
  const promised = reader.promised(id);
  await stack.kill();
  await stack.start();

  // The person's list is told by the chat when its runs have ended; the chat itself is asked nothing.
  await eventually(`the run ends by itself (chunk ${index}, ${provider}${words})`, async () => {
    const asked = [chatId, ...others.map((other) => other.chatId)];
    return (await client.chats()).chats.every((chat) => !asked.includes(chat.id) || !chat.running);
  });
  const { status, receipt, replacedBy, error } = await ended(client, id);

  // The reader comes back with its offset and finds what it was promised, and the rest.
  const text = (await readToEnd(client, id, reader)).text(id);
  check(text.startsWith(promised), `promised text is intact: "${promised.slice(-40)}" is not in "${text.slice(-80)}"`);
  // Whoever reads it anew reads the same.
  const anew = await readToEnd(client, id, new Transcript(), "poll");
  check(anew.text(id) === text, "a new reader reads the same");

  if (status === "completed") check(text === whole, `the text is what the model said:\n${text}\n${whole}`);
  else check(whole.startsWith(text), "what is kept is how the model began");
  if (replacedBy !== null) await checkReplacement(client, replacedBy, id, whole);
  const chat = await client.chat(chatId);
  check(!chat.running, "the chat is at rest");
  check(chat.messages.find(({ run }) => run === id)?.text === text, "the chat reads the same");

  const [first] = receipt.recoveries;
  const counted = model.counters().perPrompt[prompt];
  const receipts = [receipt];
  for (const other of others) {
    const end = await ended(client, other.id);
    check(end.status === status, `who asked the same ends ${status}, not ${end.status}`);
    check((await readToEnd(client, other.id)).text(other.id) === text, "who asked the same has the same text");
    receipts.push(end.receipt);
  }
  if (counted?.generations === 1) check(receipts.filter(({ requests }) => requests > 0).length === 1, "one pays");

  return {
    outcome: replacedBy ? "replace" : status === "interrupted" ? "interrupted" : (first?.mode ?? "undisturbed"),
    status,
    receipt,
    promised: promised.length,
    at: first?.at ?? null,
    saidTwice: receipt.recoveries.reduce((sum, { madeTwice }) => sum + madeTwice, 0),
    madeTwice: counted?.madeTwice ?? 0,
    generations: counted?.generations ?? 0,
    continuations: counted?.continuations ?? 0,
    error,
  };
}

async function ended(client: Client, run: string) {
  const { state, receipt, replacedBy, error } = await client.status(run);
  if (state === "running" || receipt === null) throw new Error(`${run} has not ended`);
  check(state !== "failed", `no failure: ${JSON.stringify(error)}`);
  return { status: state, receipt, replacedBy, error: error?.code ?? null };
}

async function checkReplacement(client: Client, run: string, replaced: string, whole: string): Promise<void> {
  const { status } = await ended(client, run);
  check(status === "completed", `the run in its place is complete, not ${status}`);
  const reader = await readToEnd(client, run, new Transcript(), "socket");
  check(reader.text(run) === whole, "the run in its place has the whole text");
  const { messages } = await client.chat(run.slice(0, run.lastIndexOf(".")));
  const [one, other] = [replaced, run].map((id) => messages.find((message) => message.run === id));
  check(one?.parent === other?.parent, "both answer the same message");
}

/** How many code units the first `chunks` chunks have. */
function positionOf(prompt: string, chunks: number): number {
  let length = 0;
  for (let i = 0; i < chunks; i++) length += scriptedToken(hashOf(prompt), i).length;
  return length;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It does not hold that ${what}`);
}

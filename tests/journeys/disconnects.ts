// Random disconnects: many readers follow the same chats through a proxy that cuts every connection somewhere, coming
// back each time by SSE, WebSocket or long-poll, until they have been cut as often as was asked.
import { scriptedText } from "../../local/model/text.ts";
import { type ProviderName, providerNameSchema } from "../../protocol/records.ts";
import { Random } from "../simulation/random.ts";
import { type Chopper, startChopper } from "./chopper.ts";
import type { Client } from "./client.ts";
import { follow, WAYS, type Way } from "./readers.ts";
import type { Stack } from "./stack.ts";
import { Transcript } from "./transcript.ts";

export interface Report {
  disconnects: number;
  /** Connections opened, by way. */
  connections: Record<Way, number>;
  readers: number;
  answers: number;
  /** UTF-8 bytes that readers had to have, and had. */
  bytes: number;
}

export interface SweepOptions {
  seed: number;
  disconnects: number;
  /** Chats read at the same time. */
  abreast: number;
  /** Called after each round. */
  progress?(report: Report): void;
}

const TOKENS = 400;
const RUN_READERS = 12;
const CHAT_READERS = 6;

/** Runs rounds of one chat with two answers each. Throws at the first byte lost, doubled or out of order. */
export async function sweepDisconnects(stack: Stack, client: Client, options: SweepOptions): Promise<Report> {
  const random = new Random(options.seed, "disconnects");
  const report: Report = {
    disconnects: 0,
    connections: { sse: 0, socket: 0, poll: 0 },
    readers: 0,
    answers: 0,
    bytes: 0,
  };
  const chopper = await startChopper({ to: stack.port, random: () => random.next(), budget: () => someBytes(random) });
  try {
    const rounds = async () => {
      while (chopper.cuts < options.disconnects) {
        await round(client, chopper, random, report);
        report.disconnects = chopper.cuts;
        options.progress?.(report);
      }
    };
    await Promise.all(Array.from({ length: options.abreast }, rounds));
  } finally {
    await chopper.close();
  }
  return report;
}

/** From a byte to 8 kB, small ones as likely as large: cuts fall into heads, frames, events and characters alike. */
function someBytes(random: Random): number {
  return Math.ceil(2 ** (13 * random.next()));
}

async function round(client: Client, chopper: Chopper, random: Random, report: Report): Promise<void> {
  const cut = client.at(chopper.url);
  const provider: ProviderName = random.pick(providerNameSchema.options);
  const model = `scripted-tokens-${TOKENS}-rate-${random.pick([100, 200, 400])}`;
  const prompts = [0, 1].map(() => `Disconnects ${random.between(0, 2 ** 31)}`) as [string, string];
  const [first, second] = prompts;
  const choose = () => {
    const way = random.pick(WAYS);
    report.connections[way] += 1;
    return way;
  };

  const one = await client.ask({ prompt: first, provider, model });
  const answers = [{ run: one.id, whole: scriptedText(first, TOKENS) }];
  const readRun = async ({ run, whole }: (typeof answers)[number]) => {
    const transcript = new Transcript();
    await follow(cut, run, transcript, choose, () => transcript.ended(run));
    judge(transcript, run, whole, report);
  };
  let bothStarted = false;
  const readChat = async () => {
    const transcript = new Transcript();
    const all = () => bothStarted && answers.every(({ run }) => transcript.ended(run));
    await follow(cut, one.chatId, transcript, choose, all);
    for (const { run, whole } of answers) judge(transcript, run, whole, report);
  };
  const ofRuns = (answer: (typeof answers)[number]) => Array.from({ length: RUN_READERS }, () => readRun(answer));
  const chats = Array.from({ length: CHAT_READERS }, readChat);
  const runs = ofRuns(answers[0] as (typeof answers)[number]);
  await Promise.all(runs);

  const two = await client.ask({ prompt: second, chatId: one.chatId, provider, model });
  answers.push({ run: two.id, whole: scriptedText(second, TOKENS) });
  bothStarted = true;
  await Promise.all([...chats, ...ofRuns(answers[1] as (typeof answers)[number])]);
  report.readers += CHAT_READERS + 2 * RUN_READERS;
  report.answers += 2;
}

function judge(transcript: Transcript, run: string, whole: string, report: Report): void {
  const text = transcript.text(run);
  const state = transcript.state.runs[run];
  if (state?.status !== "completed") throw new Error(`${run} ended ${state?.status}: ${state?.error?.message}`);
  if (text !== whole) throw new Error(`${run} reads differently from what the model said:\n${text}\n---\n${whole}`);
  report.bytes += Buffer.byteLength(text);
}

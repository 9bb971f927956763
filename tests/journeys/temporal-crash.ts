// One blow to the temporal tier: an answer of 60 chunks is read as it comes, and at a given chunk some of worker, bridge,
// Temporal server and edge get SIGKILL. The launcher starts them again; what became of the answer is judged.
import { setTimeout as sleep } from "node:timers/promises";
import type { ScriptedModel } from "../../local/model/server.ts";
import { hashOf, scriptedText, scriptedToken } from "../../local/model/text.ts";
import { hold, release } from "../../local/temporal/hold.ts";
import type { ProviderName, Receipt, WireRecord } from "../../protocol/records.ts";
import type { WorkflowStatusReply } from "../../protocol/workflows.ts";
import type { Client } from "./client.ts";
import { READ, Violation } from "./readers.ts";
import { eventually, type Part, type Stack } from "./stack.ts";
import { Transcript } from "./transcript.ts";

export const CHUNKS = 60;
const RATE = 25;
/** A reader that was cut off comes back after so long. */
const COME_BACK_MS = 100;

export interface Blow {
  provider: ProviderName;
  /** Chunks seen when the signal is sent, 0 to 60. */
  index: number;
  parts: readonly Part[];
  /** Words of the scripted model's name, such as `-noreattach`. */
  words?: string;
  chunks?: number;
  rate?: number;
  /** How long the worker is kept down, ms; without it the launcher starts it again at once. */
  down?: number;
}

export interface Verdict {
  run: string;
  outcome: "undisturbed" | "reattach" | "continue";
  receipt: Receipt;
  /** As the receipt says, and as the model counted. */
  saidTwice: number;
  madeTwice: number;
  generations: number;
  /** Characters shown at the blow, and where the text went on. */
  shown: number;
  at: number | null;
  /** From the signal to the first new word of whoever took over, and from the moment the worker's process is there again; ms. */
  sinceBlow: number | null;
  sinceBack: number | null;
  /** How often the reader lost its connection. */
  breaks: number;
  workflow: NonNullable<WorkflowStatusReply["workflow"]>;
}

/** What a reader was told, and when its text grew after its producer was lost. */
class Watch extends Transcript {
  #recovering = false;
  wentOn: number | null = null;

  override take(record: WireRecord): void {
    super.take(record);
    if (record.type === "run.phase") this.#recovering ||= record.phase === "recovering";
    else if (record.type === "delta" && record.text !== "" && this.#recovering) this.wentOn ??= performance.now();
  }
}

/** Throws when anything promised was lost or changed, or the end is not what it should be. */
export async function strike(stack: Stack, model: ScriptedModel, client: Client, blow: Blow): Promise<Verdict> {
  const { provider, index, parts, words = "", chunks = CHUNKS, rate = RATE, down } = blow;
  const prompt = `Strike ${parts.join(" and ")} at ${index}: ${crypto.randomUUID()}`;
  const whole = scriptedText(prompt, chunks);
  const reached = positionOf(prompt, index);
  const pids = parts.flatMap((part) => stack.processes(part).map(({ pid }) => pid));
  check(pids.length >= parts.length, `${parts.join(", ")} run before they are killed`);

  const { id, chatId } = await client.ask({
    prompt,
    tier: "temporal",
    provider,
    model: `scripted-tokens-${chunks}-rate-${rate}${words}`,
  });
  const reader = new Watch();
  let struckAt: number | null = null;
  let shown = 0;
  const strikeNow = () => {
    if (struckAt !== null || reader.text(id).length < reached) return;
    if (down !== undefined) hold(stack.data);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    struckAt = performance.now();
    shown = reader.text(id).length;
  };
  if (index === 0) strikeNow();
  const reading = stay(client, id, reader, () => {
    stack.assertRuns();
    // In the same turn in which the chunk was seen.
    strikeNow();
    return reader.ended(id);
  });
  // Should the reading fail, that is told when it is waited for.
  reading.catch(() => {});
  let backAt: number | null = null;
  if (parts.includes("worker")) {
    await Promise.race([reading, eventually("the chunk is reached", () => struckAt !== null)]);
    if (down !== undefined) await sleep(down);
    release(stack.data);
    await eventually("the worker is there again", () =>
      stack.processes("worker").some(({ pid }) => !pids.includes(pid)),
    );
    backAt = performance.now();
  }
  const breaks = await reading;

  const text = reader.text(id);
  const { receipt, status, error } = reader.state.runs[id] ?? {};
  check(status === "completed", `the answer is complete, not ${status}: ${JSON.stringify(error)}`);
  check(text === whole, `the text is what the model said:\n${text}\n${whole}`);
  // Whoever reads it anew reads the same.
  const anew = new Transcript();
  await stay(client, id, anew, () => anew.ended(id));
  check(anew.text(id) === whole, "a new reader reads the same");
  const chat = await client.chat(chatId);
  check(chat.messages.find(({ run }) => run === id)?.text === whole, "the chat reads the same");
  if (!receipt) throw new Error(`${id} has no receipt`);

  let workflow: WorkflowStatusReply["workflow"] = null;
  await eventually("the workflow is completed", async () => {
    workflow = (await client.workflow(id)).workflow;
    return workflow !== null && workflow.state !== "running";
  });
  const closed = workflow as unknown as Verdict["workflow"];
  check(closed.state === "completed", `the workflow is completed, not ${closed.state}`);

  const [first] = receipt.recoveries;
  const counted = model.counters().perPrompt[prompt];
  const since = (from: number | null) =>
    from === null || reader.wentOn === null ? null : Math.max(0, Math.round(reader.wentOn - from));
  return {
    run: id,
    outcome: first?.mode ?? "undisturbed",
    receipt,
    saidTwice: receipt.recoveries.reduce((sum, { madeTwice }) => sum + madeTwice, 0),
    madeTwice: counted?.madeTwice ?? 0,
    generations: counted?.generations ?? 0,
    shown,
    at: first?.at ?? null,
    sinceBlow: since(struckAt),
    sinceBack: since(backAt),
    breaks,
    workflow: closed,
  };
}

/** Reads by SSE until `enough`, coming back after every break, also from a server that is only just there again. */
async function stay(client: Client, id: string, reader: Transcript, enough: () => boolean): Promise<number> {
  for (let breaks = 0; ; breaks++) {
    const outcome = await READ.sse(client, id, reader, enough).catch((error: Error) => {
      if (error instanceof Violation || !/^5\d\d /.test(error.message)) throw error;
      return "cut" as const;
    });
    if (outcome === "left" || enough()) return breaks;
    if (outcome === "done") throw new Violation(`the stream of ${id} ended before all of it had come`);
    await sleep(COME_BACK_MS);
  }
}

/** How many code units the first `chunks` chunks have. */
export function positionOf(prompt: string, chunks: number): number {
  let length = 0;
  for (let i = 0; i < chunks; i++) length += scriptedToken(hashOf(prompt), i).length;
  return length;
}

export function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`It does not hold that ${what}`);
}

// Two workers on one queue, several answers between them, and a blow to one of the two while the first answer is at a given
// chunk: SIGKILL, or SIGSTOP for so long that it is taken for lost, and comes back to find that others have its answers.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { MARK } from "../../local/lock.ts";
import type { ScriptedModel } from "../../local/model/server.ts";
import { scriptedText } from "../../local/model/text.ts";
import { WORKER } from "../../local/temporal/part.ts";
import { HEARTBEAT_TIMEOUT_MS } from "../../temporal-bridge/contract.ts";
import type { Client } from "./client.ts";
import { eventually, type Stack } from "./stack.ts";
import { CHUNKS, check, positionOf } from "./temporal-crash.ts";
import { attemptsOf, temporalAddress } from "./temporal-server.ts";

/** What the stack must have as its bridge's token: the second worker has to know it. */
export const SHARED_TOKEN = "shared-by-edge-bridge-and-workers";
const READY_MS = 110_000;
const END_MS = 180_000;

export interface BlowToOne {
  signal: "SIGKILL" | "SIGSTOP";
  /** The launcher's worker, which it starts again, or the one beside it. */
  victim: "kept" | "second";
  /** Chunks of the first answer when it falls, 0 to 60. */
  index: number;
  answers?: number;
}

export interface Shared {
  /** Workers that had a hand in the answers, and answers that one took over from another. */
  workers: number;
  recovered: number;
  /** As the receipts say, and as the model counted. */
  saidTwice: number;
  madeTwice: number;
}

export class TwoWorkers {
  readonly #stack: Stack;
  readonly #model: ScriptedModel;
  readonly #client: Client;
  #second: number | undefined;

  constructor(stack: Stack, model: ScriptedModel, client: Client) {
    this.#stack = stack;
    this.#model = model;
    this.#client = client;
  }

  /** Throws when anything is lost or changed, or when a receipt says less than the model made twice. */
  async strike({ signal, victim, index, answers = 6 }: BlowToOne): Promise<Shared> {
    const target = await this.#bothReady().then(({ kept, second }) => (victim === "kept" ? kept : second));
    const runs = await Promise.all(
      Array.from({ length: answers }, async (_, i) => {
        const prompt = `Answer ${i} of ${answers}: ${crypto.randomUUID()}`;
        const model = `scripted-tokens-${CHUNKS}-rate-25`;
        return { prompt, ...(await this.#client.ask({ prompt, tier: "temporal", model })) };
      }),
    );
    const [first] = runs;
    const reached = positionOf(first?.prompt ?? "", index);
    await eventually("the chunk is reached", async () => {
      const { state, progress } = await this.#client.status(first?.id ?? "");
      return state !== "running" || progress.characters >= reached;
    });
    process.kill(target, signal);
    if (signal === "SIGSTOP") {
      await sleep(2 * HEARTBEAT_TIMEOUT_MS);
      process.kill(target, "SIGCONT");
    }
    const shared: Shared = { workers: 0, recovered: 0, saidTwice: 0, madeTwice: 0 };
    const workers = new Set<string>();
    for (const { id, chatId, prompt } of runs) {
      const { said, made, recoveries } = await this.#judge(id, chatId, prompt);
      shared.saidTwice += said;
      shared.madeTwice += made;
      shared.recovered += Math.sign(recoveries);
      for (const { worker } of await attemptsOf(this.#stack, id)) workers.add(worker);
    }
    return { ...shared, workers: workers.size };
  }

  /** Ends the worker beside the launcher's. */
  end(): void {
    if (this.#second !== undefined && this.#running().includes(this.#second)) process.kill(this.#second, "SIGKILL");
  }

  #running(): number[] {
    return this.#stack.processes("worker").map(({ pid }) => pid);
  }

  async #judge(id: string, chatId: string, prompt: string) {
    const what = `${id} (${prompt})`;
    let [seen, why] = ["", ""];
    await eventually(
      `${what} ends and its workflow is completed`,
      async () => {
        const { state, error, workflow } = await this.#client.workflow(id);
        why = JSON.stringify({ error, failure: workflow?.lastFailure });
        seen = `${state}, its workflow ${workflow?.state}`;
        return state !== "running" && workflow?.state !== "running";
      },
      END_MS,
    );
    check(
      seen === "completed, its workflow completed",
      `${what} is completed, and its workflow; it is ${seen}: ${why}`,
    );
    const { messages } = await this.#client.chat(chatId);
    check(messages.find(({ run }) => run === id)?.text === scriptedText(prompt, CHUNKS), `${what} is byte-exact`);
    const { receipt } = await this.#client.status(id);
    const { recoveries = [] } = receipt ?? {};
    const said = recoveries.reduce((sum, { madeTwice }) => sum + madeTwice, 0);
    const made = this.#model.counters().perPrompt[prompt]?.madeTwice ?? 0;
    check(
      made <= said,
      `the receipt of ${what} says how much was made twice: ${made}, not ${JSON.stringify(recoveries)}`,
    );
    return { said, made, recoveries: recoveries.length };
  }

  async #bothReady(): Promise<{ kept: number; second: number }> {
    if (this.#second === undefined || !this.#running().includes(this.#second)) this.#second = await this.#start();
    const second = this.#second;
    let kept: number | undefined;
    await eventually("the launcher's worker runs", () => {
      kept = this.#running().find((pid) => pid !== second);
      return kept !== undefined;
    });
    return { kept: kept ?? 0, second };
  }

  /** Starts a worker beside the launcher's; resolves when it takes work. */
  async #start(): Promise<number> {
    const { data, url } = this.#stack;
    const worker = spawn(process.execPath, [WORKER], {
      env: {
        PATH: process.env.PATH,
        // Ended with the stack.
        [MARK]: data,
        TEMPORAL_ADDRESS: temporalAddress(this.#stack),
        TEMPORAL_BRIDGE_TOKEN: SHARED_TOKEN,
        EDGE_URL: url,
        OPENAI_API_KEY: "scripted",
        OPENAI_BASE_URL: `${this.#model.url}/v1`,
        SCRIPTED_PROVIDERS: "openai",
      },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    worker.stderr.on("data", (chunk) => {
      said += chunk;
    });
    await eventually("the second worker is ready", () => said.includes('"ready"'), READY_MS);
    return worker.pid ?? 0;
  }
}

// Outages under traffic: chats ask in the redis tier all the time, while Redis refuses, hangs, is emptied and killed, and
// Postgres is killed and refuses. Each answer must be what the model says; in the end the archive is compared with the logs,
// row by row. Throws at the first thing lost.
import { setTimeout as sleep } from "node:timers/promises";
import { type ScriptedModel, startScriptedModel } from "../../local/model/server.ts";
import { scriptedText } from "../../local/model/text.ts";
import type { GenerateRequest } from "../../protocol/requests.ts";
import { Random } from "../simulation/random.ts";
import type { StoresKind } from "../stores/test-stores.ts";
import { isArchived } from "./archive-crash.ts";
import { Client } from "./client.ts";
import { readEvents } from "./readers.ts";
import { eventually, Stack } from "./stack.ts";
import { LastingStores } from "./stores.ts";
import { Transcript } from "./transcript.ts";

export interface Outages {
  seed: number;
  kind: StoresKind;
  /** How long each outage lasts, and the one of Postgres, seconds. */
  phase: number;
  postgres: number;
  /** Tells how each phase went. */
  say(line: string): void;
}

const TOKENS = 20;
const EVERY_MS = 400;
/** The outbox's next attempt is further away than the outage was long. */
const patienceMs = (postgres: number) => postgres * 1_000 + 15 * 60_000;

export async function outages(options: Outages): Promise<void> {
  const model = await startScriptedModel();
  let stores: LastingStores | undefined;
  let stack: Stack | undefined;
  try {
    stores = await LastingStores.start(options.kind);
    stack = await Stack.start({ scriptedModelUrl: model.url, env: stores.settings });
    await new Traffic(options, { model, stores, stack, client: await Client.join(stack.url) }).run();
  } finally {
    await stack?.dispose();
    await stores?.dispose();
    await model.close();
  }
}

class Traffic {
  readonly #options: Outages;
  readonly #site: { model: ScriptedModel; stores: LastingStores; stack: Stack; client: Client };
  readonly #random: Random;
  readonly #prompts: string[];
  readonly #chats: string[] = [];
  #failed: unknown;

  constructor(options: Outages, site: { model: ScriptedModel; stores: LastingStores; stack: Stack; client: Client }) {
    this.#options = options;
    this.#site = site;
    this.#random = new Random(options.seed, "outages");
    this.#prompts = [`outages ${options.seed}`];
  }

  async run(): Promise<void> {
    const { phase, postgres, kind, say } = this.#options;
    const { stores } = this.#site;
    const { cache, archive } = stores;
    await this.#phase("all is well", phase);
    await cache.set("refuse");
    await this.#phase("Redis refuses", phase);
    await cache.set("hang");
    await this.#phase("Redis hangs", phase);
    await cache.set("pass");
    await this.#phase("Redis is emptied again and again", phase, () => stores.flushCache());
    for (const [name, part] of [
      ["Redis", "cache"],
      ["Postgres", "archive"],
    ] as const) {
      await this.#phase(`${name} is killed again and again`, phase, async () => {
        await stores.kill(part);
        await stores.revive(part);
      });
    }
    await archive.set("refuse");
    await this.#phase(`Postgres refuses for ${postgres} s`, postgres);
    await archive.set("pass");
    await this.#phase("all is well again", phase);
    const began = performance.now();
    for (const chat of this.#chats) {
      const isThere = () => isArchived(this.#site, chat);
      await eventually(`the archive has what ${chat} has`, isThere, patienceMs(postgres));
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    for (const chat of this.#chats) {
      if (!(await isArchived(this.#site, chat))) throw new Error(`${chat} differs from its log`);
    }
    const count = this.#chats.length;
    say(
      `${kind} stores: ${count} chats, each in the archive as in its log after ${seconds} s, nothing missing, nothing twice`,
    );
  }

  /** One chat's answer; gives how it came by it, and when its first words were there, ms. */
  async #ask(): Promise<{ cache: string; first: number }> {
    if (this.#random.chance(0.4)) this.#prompts.push(`outages ${this.#options.seed} ${this.#prompts.length}`);
    const prompt = this.#random.pick(this.#prompts.slice(-20));
    const body: GenerateRequest = { prompt, tier: "redis", model: `scripted-tokens-${TOKENS}-rate-40` };
    const began = performance.now();
    let first = Number.NaN;
    const response = await this.#site.client.post(body, { accept: "text/event-stream" });
    const run = response.headers.get("x-run-id") ?? "";
    this.#chats.push(response.headers.get("x-chat-id") ?? "");
    const reader = new Transcript();
    const heard = readEvents(response, reader, () => {
      if (Number.isNaN(first) && reader.text(run)) first = performance.now() - began;
      return reader.ended(run);
    });
    await heard.catch(async (cause) => {
      const status = await this.#site.client.status(run).then(JSON.stringify, String);
      throw new Error(`the stream of ${run} broke after "${reader.text(run)}"; its status: ${status}`, { cause });
    });
    const text = reader.text(run);
    const { status, receipt } = reader.state.runs[run] ?? {};
    if (status !== "completed" || text !== scriptedText(prompt, TOKENS))
      throw new Error(`${run} is ${status}: ${text}`);
    return { cache: receipt?.cache ?? "", first };
  }

  /** Asks for so long while `disturb` is called again and again. */
  async #phase(name: string, seconds: number, disturb: () => Promise<void> = async () => {}): Promise<void> {
    const until = Date.now() + seconds * 1_000;
    const asked: Promise<{ cache: string; first: number }>[] = [];
    const disturbing = (async () => {
      do {
        await disturb();
        await sleep(this.#random.between(500, 2_000));
      } while (Date.now() < until);
    })();
    while (Date.now() < until && this.#failed === undefined) {
      const asking = this.#ask();
      asking.catch((error) => {
        this.#failed ??= error;
      });
      asked.push(asking);
      await sleep(EVERY_MS);
    }
    await disturbing;
    const answers = await Promise.all(asked);
    const counts = new Map<string, number>();
    for (const { cache } of answers) counts.set(cache, (counts.get(cache) ?? 0) + 1);
    const firsts = answers.map(({ first }) => first).sort((a, b) => a - b);
    const at = (share: number) => firsts[Math.floor((firsts.length - 1) * share)]?.toFixed(0);
    const how = [...counts].map(([cache, count]) => `${count} ${cache}`).join(", ");
    this.#options.say(
      `${name}: ${answers.length} answers, all whole (${how}); first words after ${at(0.5)} ms, p95 ${at(0.95)} ms`,
    );
  }
}

// A person who asks, over a network that loses requests and replies; asks again with the same key until there is a
// reply; and sometimes stops the answer.
import type { RunAsk } from "../../durable-objects/run-ask.ts";
import type { AskPlan } from "./plan.ts";
import type { World } from "./world.ts";

export class Asker {
  done = false;
  readonly #world: World;
  readonly #plan: AskPlan;
  readonly #ask: RunAsk;
  #id: string | undefined;
  #tries = 0;

  constructor(world: World, plan: AskPlan, index: number) {
    this.#world = world;
    this.#plan = plan;
    const { kind, key, provider, policy } = plan;
    this.#ask = {
      prompt: kind === "again" ? null : `question ${index}`,
      ...(kind === "edit" && { parentId: null }),
      tier: "mvp",
      provider,
      // Each ask has a model of its own, so that its words are known from all others.
      model: `model-${index}`,
      params: { temperature: null, maxOutputTokens: null, system: null },
      cache: { mode: "default", ttl: null, pace: "instant" },
      tenant: "open",
      recovery: policy,
      idempotency: key === null ? null : { key, fingerprint: key },
    };
  }

  send(): void {
    const world = this.#world;
    const answered = this.#plan.key !== null;
    world.call({
      twice: answered,
      work: async (process) => {
        const started = await process.start(this.#ask);
        world.oracle.catchUp();
        return started;
      },
      reply: (started) => {
        if (started.ok) this.#accepted(started.value);
        else this.#again(started.failure.code === "conflict" || started.failure.code === "too_many_runs");
      },
      // Without a key nobody dares to ask twice.
      lost: () => this.#again(answered),
    });
  }

  #again(worth: boolean): void {
    const { scheduler, random } = this.#world;
    if (!worth || ++this.#tries > 40) this.done = true;
    else scheduler.after(random.between(20, 1_000), () => this.send());
  }

  #accepted({ run, id }: { run: number; id: string }): void {
    const { oracle, scheduler } = this.#world;
    const started = oracle.runs.get(run)?.started;
    oracle.check(
      started?.model === this.#ask.model,
      () => `${this.#ask.model} was accepted as ${id}, which is not there`,
    );
    const said = oracle.pathTo(started?.parent ?? null).at(-1)?.text;
    const { prompt } = this.#ask;
    oracle.check(prompt === null || said === prompt, () => `${id} answers ${said} instead of ${prompt}`);
    oracle.check(!this.#id || this.#id === id, () => `${this.#ask.model} was accepted as ${this.#id} and as ${id}`);
    this.#id = id;
    this.done = true;
    if (this.#plan.stopAfter !== null) scheduler.after(this.#plan.stopAfter, () => this.#stop(run));
  }

  #stop(run: number): void {
    const { oracle } = this.#world;
    this.#world.call({
      twice: true,
      work: (process) => {
        oracle.stopped.add(run);
        return process.supervisor.cancel(run).then((status) => {
          oracle.catchUp();
          oracle.saidEnded(run, status);
          const { bookmark } = oracle.runs.get(run) ?? {};
          const goesOn = status === "cancelled" && bookmark && this.#world.models.goesOn(bookmark.responseId);
          oracle.check(
            !goesOn || this.#world.plan.models.faults.transient > 0,
            () => `run ${run} was stopped and goes on`,
          );
        });
      },
      reply: () => {},
      lost: () => {},
    });
  }
}

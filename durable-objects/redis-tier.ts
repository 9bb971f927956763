// The redis tier's producer, as a chat sees it. Before a run begins the cache is asked; what is kept is given, whole or
// at its pace; else the run follows an answer that is made once for all who ask the same. When neither can be had the
// chat makes it, as in the mvp tier.

import type { KeptAnswer } from "../cache/kept-answer.ts";
import type { KeyedAsk } from "../cache/key.ts";
import type { Found } from "../cache/response-cache.ts";
import type { Inheritance, Office, Term } from "../producers/office.ts";
import { produce } from "../producers/producer.ts";
import { fail, ok, type Result } from "../protocol/problems.ts";
import type { CachePace } from "../protocol/requests.ts";
import { traceFields } from "../protocol/trace.ts";
import type { AnswerDoor } from "./asking.ts";
import { Follower, type Stranded } from "./follower.ts";
import { ageOf, hitReceipt } from "./kept-receipt.ts";
import type { OwnProducerOptions } from "./own-producer.ts";
import { beginsWith, replay } from "./replay.ts";
import type { Assignment, Outlook, Prospect, TierProducer } from "./tier-producer.ts";

export interface RedisTierOptions extends OwnProducerOptions {
  /** Null where none is set up: a run begun while there was one still comes to its end. */
  cache: { find(key: string): Promise<Found> } | null;
  /** How long an answer is kept whose ask does not say, seconds. */
  ttl: number;
  keyOf(ask: KeyedAsk): Promise<string>;
  answer(name: string): AnswerDoor;
  /** A name nobody else has. */
  uuid(): string;
}

/** What must be known of a run after a crash too. */
interface Plan {
  key: string;
  /** The answer's name: its key where it may be shared, else one of its own. */
  answer: string;
  ttl: number;
  pace: CachePace;
}

export function redisTier(options: RedisTierOptions): TierProducer {
  return {
    prepare: (prospect) => lookAhead(options, prospect),
    async produce(assignment) {
      const term = await assignment.takeOffice();
      if (term) await new RedisRun(options, assignment, term).run();
    },
  };
}

async function lookAhead(options: RedisTierOptions, prospect: Prospect): Promise<Result<Outlook>> {
  const { mode, pace, ttl } = prospect.cache;
  if (mode === "no-store") return ok({ cache: "off", plan: null, whole: null, kept: null });
  const key = await options.keyOf(prospect);
  const planned = (answer: string) => JSON.stringify({ key, answer, ttl: ttl ?? options.ttl, pace } satisfies Plan);
  if (mode === "no-cache") {
    return ok({ cache: "miss", plan: planned(`${key}/${options.uuid()}`), whole: null, kept: null });
  }
  const found = await find(options, key);
  if (found.kind === "hit") {
    const { answer } = found;
    const now = options.clock.now();
    const kept = { age: ageOf(answer, now), ttl: Math.floor((answer.keptUntil - now) / 1000) };
    if (pace === "original") return ok({ cache: "hit", plan: planned(key), whole: null, kept });
    const totalMs = Math.max(0, now - prospect.time);
    const receipt = hitReceipt({ ...prospect, tier: "redis" }, answer, now, { firstTokenMs: totalMs, totalMs });
    const ended = { status: "completed", finish: answer.finish, error: null, receipt } as const;
    return ok({ cache: "hit", plan: null, whole: { text: answer.text, ended }, kept });
  }
  if (mode === "only-if-cached") {
    const why = found.kind === "miss" ? "No answer to this is kept." : "The cache can't be asked now.";
    return fail("not_cached", `${why} Ask without only-if-cached to have one made.`);
  }
  return ok({ cache: found.kind, plan: planned(key), whole: null, kept: null });
}

async function find({ cache }: RedisTierOptions, key: string): Promise<Found> {
  return (await cache?.find(key)) ?? { kind: "unavailable" };
}

class RedisRun {
  readonly #options: RedisTierOptions;
  readonly #assignment: Assignment;
  readonly #term: Term;

  constructor(options: RedisTierOptions, assignment: Assignment, term: Term) {
    this.#options = options;
    this.#assignment = assignment;
    this.#term = term;
  }

  async run(): Promise<void> {
    const { started, plan: json } = this.#assignment;
    const text = this.#term.inherited?.text ?? "";
    if (json === null) return this.#make(this.#term.inherited, this.#term.office);
    const { key, answer, ttl, pace } = JSON.parse(json) as Plan;
    if (started.cache === "hit") {
      const kept = await this.#kept(key, text);
      if (kept) return replay(this.#assignment, this.#term, kept, text, this.#options.clock, pace);
    }
    const { clock, log } = this.#options;
    log("follows an answer", { run: started.run, answer, ...traceFields(this.#assignment.ask.trace ?? null) }, "info");
    const door = this.#options.answer(answer);
    const term = { ...this.#term, office: asMiss(this.#term.office) };
    const stranded = await new Follower({ door, clock, key, ttl, log }, this.#assignment, term).run();
    if (!stranded) return;
    // Its answer is gone because it is kept, more likely than not.
    const kept = await this.#kept(key, stranded.text);
    if (kept) return replay(this.#assignment, this.#term, kept, stranded.text, clock, "instant");
    return this.#climb(stranded);
  }

  /** The kept answer, if it is one that goes on from `text`. */
  async #kept(key: string, text: string): Promise<KeptAnswer | null> {
    const found = await find(this.#options, key);
    return found.kind === "hit" && beginsWith(found.answer, text) ? found.answer : null;
  }

  #climb({ text, recoveries }: Stranded): Promise<void> {
    const { predecessors, before } = this.#term.inherited ?? { predecessors: 0, before: null };
    // Without a word of an answer nobody has been asked in this run's name.
    const inherited = { predecessors, before, resigned: text === "", text, recoveries };
    return this.#make(inherited, asMiss(this.#term.office));
  }

  /** The chat makes the rest of it. */
  async #make(inherited: Inheritance | null, office: Office): Promise<void> {
    const { provider, ...surroundings } = this.#options;
    const { run, started, ask, policy, signal } = this.#assignment;
    const job = { run, ask, policy, provider: provider(started.provider), signal, inherited };
    await produce(job, { ...surroundings, office });
  }
}

/** A run that set out to give a kept answer and had to have one made was no hit. */
function asMiss(office: Office): Office {
  return {
    get held() {
      return office.held;
    },
    append: (batch) => office.append(batch),
    phase: (...phase) => office.phase(...phase),
    recovered: (recovery) => office.recovered(recovery),
    end: (ended, replace) => {
      const { cache } = ended.receipt;
      return office.end({ ...ended, receipt: { ...ended.receipt, cache: cache === "hit" ? "miss" : cache } }, replace);
    },
  };
}

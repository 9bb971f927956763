// A seed's world, from its first event to its rest: one chat, its disk, its process and the lives it has one after
// another, its models, and those who ask, produce and read.
import { COMMIT_MS } from "../../protocol/commits.ts";
import { Asker } from "./asker.ts";
import type { Client, Form } from "./client.ts";
import { CrashDisk } from "./crash-disk.ts";
import { judge } from "./judge.ts";
import { Models } from "./model.ts";
import { Oracle } from "./oracle.ts";
import { OutsideProducer } from "./outside-producer.ts";
import { PersonsList } from "./persons-list.ts";
import { makePlan, type Plan, type ReaderStart } from "./plan.ts";
import { type Parts, Process, REAL } from "./process.ts";
import { Random } from "./random.ts";
import { makeReader } from "./reader.ts";
import { Scheduler, TIMERS_LATE_MS } from "./scheduler.ts";

export interface Outcome {
  seed: number;
  /** What must never be and was; null when all was well. */
  violation: string | null;
  events: number;
  turns: number;
  crashes: number;
  runs: number;
  /** Milliseconds that passed in the world. */
  time: number;
}

interface Call<T> {
  /** The network may deliver it twice. */
  twice: boolean;
  /** The network may hold it back for seconds. */
  late?: boolean;
  work: (process: Process) => Promise<T>;
  reply: (value: T) => void;
  lost: () => void;
}

/** A world that is not at rest so long after the last thing broke never will be, ms. */
const PATIENCE_MS = 120_000;
const WATCHDOG_MS = 12_000;
const LATE_READERS: Form[] = ["socket", "sse", "poll"];

export class World {
  readonly chatId = "c".repeat(64);
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly parts: Parts;
  readonly plan: Plan;
  readonly disk: CrashDisk;
  readonly oracle: Oracle;
  readonly models: Models;
  readonly list = new PersonsList();
  readonly readers: Client[] = [];
  /** The process that is alive; null while there is none. */
  process: Process | null = null;
  /** Networks still lose things. */
  rough = true;
  crashes = 0;
  readonly #seed: number;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #askers: Asker[] = [];
  readonly #outside: OutsideProducer[] = [];
  #events = 0;
  #turns = 0;
  /** Readers and askers that have yet to begin. */
  #coming = 0;
  #late = false;

  constructor(seed: number, mutation: Partial<Parts> = {}, trace?: (line: string) => void) {
    this.#seed = seed;
    this.parts = { ...REAL, ...mutation };
    this.#trace = trace;
    this.plan = makePlan(new Random(seed, "plan"));
    this.random = new Random(seed, "world");
    this.scheduler = new Scheduler(new Random(seed, "order"));
    this.disk = new CrashDisk(new Random(seed, "disk"), this.scheduler, this.plan.disk);
    this.oracle = new Oracle(this.disk, this.chatId, this.plan.serene);
    this.models = new Models(new Random(seed, "models"), this.scheduler, this.oracle, this.plan.models);
    this.oracle.now = () => this.scheduler.now;
    this.trace(() => JSON.stringify(this.plan));
  }

  trace(line: () => string): void {
    this.#trace?.(`${String(this.scheduler.now).padStart(6)} ${line()}`);
  }

  logged(message: string, details: Record<string, unknown>): void {
    this.trace(() => `log: ${message} ${JSON.stringify(details)}`);
    if (message === "producer failed") this.surprised(`a producer failed: ${JSON.stringify(details)}`);
  }

  /** What went wrong inside, where only a disk that fails gives reason to. */
  surprised(error: unknown): void {
    const what = error instanceof Error ? error.stack : String(error);
    this.trace(() => `thrown: ${what}`);
    this.oracle.check(this.plan.disk.failing > 0, () => `thrown: ${what}`);
  }

  async run(): Promise<Outcome> {
    this.#populate();
    this.#boot();
    const turned = () => this.#turned();
    const thrown = (error: unknown) => this.surprised(error);
    while (this.oracle.violation === null) {
      this.#events += 1;
      if (this.scheduler.now > this.plan.calm + PATIENCE_MS)
        this.oracle.fail(`does not come to rest: ${this.#unsettled()}`);
      else if (!(await this.scheduler.step(turned, thrown)))
        this.oracle.fail(`nothing happens any more: ${this.#unsettled()}`);
      else if (!this.rough && this.#unsettled() === null) {
        if (this.#late) break;
        this.#late = true;
        for (const form of LATE_READERS) this.#read({ ...CALM_READER, form, one: this.random.chance(0.5) });
      }
    }
    if (this.oracle.violation === null) judge(this);
    if (this.process) {
      this.process.life.alive = false;
      this.models.dropped(this.process.life);
    }
    this.disk.close();
    const { oracle, scheduler } = this;
    const [events, turns, crashes] = [this.#events, this.#turns, this.crashes];
    const { violation } = oracle;
    return { seed: this.#seed, violation, events, turns, crashes, runs: oracle.runs.size, time: scheduler.now };
  }

  #populate(): void {
    const { asks, readers, outside, usurpers, titles, calm } = this.plan;
    const { scheduler } = this;
    const at = (time: number, begin: () => void) => {
      this.#coming += 1;
      scheduler.after(time, () => {
        this.#coming -= 1;
        begin();
      });
    };
    asks.forEach((ask, index) => {
      const asker = new Asker(this, ask, index);
      this.#askers.push(asker);
      at(ask.at, () => asker.send());
    });
    for (const reader of readers) at(reader.at, () => this.#read(reader));
    outside.forEach((time, index) => {
      at(time, () => this.#beginOutside(`outside-${index}`));
    });
    for (const time of usurpers) at(time, () => this.#usurp());
    for (const time of titles) at(time, () => this.#rename(`title ${time}`));
    at(calm, () => {
      this.trace(() => "calm");
      this.rough = false;
      this.disk.heal();
      this.models.heal();
    });
  }

  #read({ form, one, cut, latency }: ReaderStart): void {
    const runs = [...this.oracle.runs.keys()];
    const run = (one || form.endsWith("text")) && runs.length > 0 ? this.random.pick(runs) : undefined;
    const bare = form.endsWith("text") && run === undefined;
    const reader = makeReader(this, { form: bare ? "sse" : form, run, cut, latency }, this.readers.length);
    this.readers.push(reader);
    reader.start();
  }

  #beginOutside(model: string): void {
    this.call({
      twice: false,
      work: (process) => process.startOutside(model),
      reply: (run) => {
        const producer = new OutsideProducer(this, run, model);
        this.#outside.push(producer);
        producer.begin();
      },
      lost: () => {},
    });
  }

  #rename(title: string): void {
    const work = async (process: Process) => {
      await process.rename(title);
      this.oracle.catchUp();
      const kept = this.oracle.records().some((record) => record.type === "title" && record.title === title);
      this.oracle.check(kept, () => `the chat was said to be called ${title}`);
    };
    this.call({ twice: true, work, reply: () => {}, lost: () => {} });
  }

  /** A producer outside takes over a run that has one already. */
  #usurp(): void {
    const open = [...this.oracle.runs.values()].filter((run) => !run.ended);
    if (open.length === 0) return;
    const { run, started } = this.random.pick(open);
    const producer = new OutsideProducer(this, run, started.model);
    this.#outside.push(producer);
    producer.takeOver();
  }

  #boot(): void {
    let process: Process;
    try {
      process = new Process(this, this.parts);
    } catch (error) {
      this.surprised(error);
      this.scheduler.after(100, () => this.#boot());
      return;
    }
    this.process = process;
    this.oracle.durable = () => process.writer.durable;
    this.trace(() => `the process lives, the log ends at ${process.log.last}`);
    const watch = () => {
      process.supervisor.recover();
      this.list.bringUpToDate(this, process);
      this.scheduler.turnAfter(WATCHDOG_MS, process.life, watch);
    };
    // The platform's alarm: soon, or late enough for producers outside to have come back first.
    this.scheduler.turnAfter(this.random.pick([0, 300, 6_000]), process.life, watch);
  }

  #turned(): void {
    const { process, oracle, disk } = this;
    if (process) oracle.endTurn(process.log.last);
    if (this.plan.disk.failing === 0) oracle.checkPatience(COMMIT_MS + this.plan.disk.slowest + TIMERS_LATE_MS);
    disk.endTurn();
    this.#turns += 1;
    if (this.rough && this.plan.crashes.includes(this.#turns)) this.#crash();
  }

  #crash(): void {
    const { process, random } = this;
    if (!process) return;
    this.crashes += 1;
    process.life.alive = false;
    this.process = null;
    this.models.dropped(process.life);
    this.disk.crash();
    const end = this.oracle.afterCrash();
    this.trace(() => `crash: of ${process.log.last} records ${end} are left, promised were ${this.oracle.promised}`);
    for (const reader of this.readers) reader.dropped();
    this.scheduler.after(random.between(1, random.pick([20, 1_500])), () => this.#boot());
  }

  /** A call into whatever process is alive when it gets there. Each of its ends happens at most once. */
  call<T>({ twice, late = false, work, reply, lost }: Call<T>): void {
    const { scheduler, random } = this;
    let open = true;
    const once = (then: () => void) => {
      if (open) then();
      open = false;
    };
    const arrive = () => {
      const { process } = this;
      if (!process) return;
      scheduler.turnAfter(0, process.life, () => {
        const done = (async () => work(process))();
        done.then(
          (value) => {
            if (this.rough && random.chance(0.05)) return;
            scheduler.after(random.between(1, 60), () => once(() => reply(value)));
          },
          (error) => this.surprised(error),
        );
      });
    };
    const send = () =>
      scheduler.after(random.between(1, this.rough && late && random.chance(0.1) ? 5_000 : 40), arrive);
    send();
    if (twice && this.rough && random.chance(0.15)) send();
    scheduler.after(3_000, () => once(lost));
  }

  /** Who has yet to come to an end; null when nobody has. */
  #unsettled(): string | null {
    const { process, oracle } = this;
    if (!process || this.#coming > 0) return "not everything has begun";
    const open = [...oracle.runs.values()].find((run) => !run.ended);
    if (open) return `run ${open.run} has not ended`;
    if ([...process.writer.openRuns()].length > 0 || process.supervisor.busy) return "the process is busy";
    if (process.writer.durable !== process.log.last) return "not all is on disk";
    if ((process.log.chat?.delivered ?? 0) < process.log.last) return "the list has not been told";
    if (this.#askers.some((asker) => !asker.done)) return "somebody waits for a reply";
    if (this.#outside.some((producer) => !producer.done)) return "a producer outside is at work";
    const reader = this.readers.find((each) => !each.settled);
    return reader ? `${reader.name} has not got everything` : null;
  }
}

/** Who reads when nothing breaks any more. */
const CALM_READER: Omit<ReaderStart, "form" | "one"> = { at: 0, cut: 0, latency: 1 };

let current: World | null = null;

/** A promise was rejected and nobody looked: whose, the platform cannot tell; it is the world's that runs. */
export function rejectedUnseen(reason: unknown): void {
  current?.surprised(reason);
}

export async function runSeed(seed: number, parts?: Partial<Parts>, trace?: (line: string) => void): Promise<Outcome> {
  current = new World(seed, parts, trace);
  return current.run();
}

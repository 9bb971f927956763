// A producer outside the process: it takes a term of office, sends numbered batches with several under way, sends again
// what was not acknowledged, stops when it is fenced, and may die. The network repeats, reorders and loses its batches.
import type { OpenRun } from "../../durable-objects/open-run.ts";
import type { AppendOutcome, Batch } from "../../producers/office.ts";
import { parseOffset } from "../../protocol/offsets.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import { makePieces } from "./text.ts";
import type { World } from "./world.ts";

const WINDOW = 4;

export class OutsideProducer {
  done = false;
  readonly #world: World;
  readonly #run: number;
  readonly #model: string;
  #epoch = 1;
  /** Batches of this term, and where each begins in the run's text. */
  #batches: { at: number; text: string }[] = [];
  #next = 0;
  #acknowledged = 0;
  #dead = false;

  constructor(world: World, run: number, model: string) {
    this.#world = world;
    this.#run = run;
    this.#model = model;
    // Now and then one dies, and another takes its place.
    if (world.random.chance(0.4)) world.scheduler.after(world.random.between(50, 4_000), () => this.#die());
  }

  /** Begins with the first epoch, which a run has from its start. */
  begin(): void {
    this.#prepare(1, "");
  }

  takeOver(): void {
    this.#world.call({
      twice: true,
      work: async (process) => {
        const term = await process.writer.takeOver(this.#run);
        const row = process.log.run(this.#run);
        return term && row && { ...term, text: process.log.text(row).text };
      },
      reply: (term) => {
        if (!term) this.#finish();
        else if (!this.#dead) this.#prepare(term.epoch, term.text.slice(0, term.length));
      },
      lost: () => this.#dead || this.takeOver(),
    });
  }

  #prepare(epoch: number, before: string): void {
    const { random, oracle } = this.#world;
    const pieces = makePieces(random, random.between(0, 12), 12);
    oracle.outside.add(this.#model);
    oracle.meant(this.#model, before + pieces.join(""));
    this.#epoch = epoch;
    let at = before.length;
    this.#batches = pieces.map((text) => {
      const batch = { at, text };
      at += text.length;
      return batch;
    });
    this.#send();
    this.#repeat();
  }

  #send(): void {
    if (this.#dead || this.done) return;
    while (this.#next < this.#batches.length && this.#next < this.#acknowledged + WINDOW) this.#sendOne(this.#next++);
    if (this.#acknowledged === this.#batches.length) this.#end();
  }

  /** What was not acknowledged in time is sent again. */
  #repeat(): void {
    this.#world.scheduler.after(this.#world.random.between(800, 2_500), () => {
      if (this.#dead || this.done) return;
      this.#next = this.#acknowledged;
      this.#send();
      this.#repeat();
    });
  }

  #sendOne(seq: number): void {
    const world = this.#world;
    const { oracle } = world;
    const { at, text } = this.#batches[seq] as { at: number; text: string };
    const [run, epoch] = [this.#run, this.#epoch];
    const batch: Batch = { deltas: inParts(world.random, at, text), bookmark: null };
    world.call({
      twice: true,
      // A network that holds a batch back for so long that its producer is history.
      late: true,
      work: async (process) => {
        const { writer } = process;
        const open = writer.openRun(run);
        if (open && world.random.chance(0.1)) this.#sendNonsense(process, open);
        const outcome = writer.append(run, epoch, seq, batch);
        world.trace(() => `outside ${run}/${epoch}/${seq} at ${at}: ${JSON.stringify(outcome)}`);
        const stale = epoch < (open?.epoch ?? oracle.epoch(run));
        oracle.check(
          !stale || outcome.kind === "fenced",
          () => `run ${run}: a batch of epoch ${epoch} was ${outcome.kind}`,
        );
        const needless = outcome.kind === "fenced" && open?.epoch === epoch && process.log.run(run)?.ended === null;
        oracle.check(!needless, () => `run ${run}: epoch ${epoch} was fenced by nobody`);
        const forgot = outcome.kind === "gap" && epoch === this.#epoch && outcome.expected < this.#acknowledged;
        oracle.check(
          !forgot,
          () => `run ${run}: asks for ${JSON.stringify(outcome)}, ${this.#acknowledged} were taken`,
        );
        if (outcome.kind !== "appended" && outcome.kind !== "duplicate") return outcome;
        const offset = await writer.whenPromised(run);
        oracle.absorb(parseOffset(offset) as number);
        const promised = oracle.runs.get(run)?.text ?? "";
        // Its own words may have been fenced off and come too late, but never be replaced once they were taken.
        const there = promised.startsWith(text, at);
        oracle.check(there, () => `run ${run}: batch ${epoch}/${seq} is promised by ${offset} and not there`);
        return outcome;
      },
      reply: (outcome) => this.#answered(seq, epoch, outcome),
      lost: () => {},
    });
  }

  /** A batch that would change promised text, or leave a hole, must be refused as a whole. */
  #sendNonsense({ writer }: Process, { run, epoch, nextSeq, committed, tail }: Readonly<OpenRun>): void {
    const { random, oracle } = this.#world;
    const length = committed + tail.length;
    const low = committed > 0 && random.chance(0.5);
    const at = low ? random.between(0, committed - 1) : length + random.between(1, 9);
    const deltas = [
      { at: length, text: "nonsense" },
      { at: low ? at : at + 8, text: "nonsense" },
    ];
    const { kind } = writer.append(run, epoch, nextSeq, { deltas, bookmark: null });
    const refused = kind === (low ? "refused" : "hole") || kind === "fenced";
    oracle.check(refused, () => `run ${run}: nonsense at ${at} was ${kind}, ${committed} are written, ${length} shown`);
  }

  #answered(seq: number, epoch: number, outcome: AppendOutcome): void {
    const { oracle } = this.#world;
    if (this.#dead || this.done || epoch !== this.#epoch) return;
    switch (outcome.kind) {
      case "appended":
      case "duplicate":
        this.#acknowledged = Math.max(this.#acknowledged, seq + 1);
        this.#next = Math.max(this.#next, this.#acknowledged);
        this.#send();
        break;
      // What is missing is sent again with all that was not acknowledged.
      case "gap":
        break;
      case "fenced":
        this.#finish();
        break;
      default:
        oracle.fail(`run ${this.#run}: batch ${epoch}/${seq} was ${JSON.stringify(outcome)}`);
    }
  }

  #end(): void {
    const [run, epoch] = [this.#run, this.#epoch];
    const world = this.#world;
    world.call({
      twice: true,
      work: async (process) => {
        const row = process.log.run(run);
        if (!row) return world.oracle.fail(`run ${run} was promised and is gone`);
        const recoveries = process.log.recoveries(row);
        await process.writer.end(run, epoch, {
          status: "completed",
          finish: "stop",
          error: null,
          receipt: {
            tier: "temporal",
            provider: "compatible",
            model: this.#model,
            cache: "off",
            inputTokens: null,
            outputTokens: null,
            estimated: false,
            cost: null,
            firstTokenMs: null,
            totalMs: 0,
            requests: 1,
            recoveries,
          },
        });
      },
      reply: () => this.#finish(),
      lost: () => this.#send(),
    });
  }

  #die(): void {
    if (this.done) return;
    this.#dead = true;
    this.#finish();
  }

  #finish(): void {
    this.done = true;
  }
}

/** The same text as one delta or as two, never parting a character. */
function inParts(random: Random, at: number, text: string): { at: number; text: string }[] {
  const first = Array.from(text).slice(0, random.between(0, 3)).join("");
  if (first === "" || first === text) return [{ at, text }];
  return [
    { at, text: first },
    { at: at + first.length, text: text.slice(first.length) },
  ];
}

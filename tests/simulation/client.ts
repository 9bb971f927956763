// What every reader is: a client that joins, is cut off, and comes back; most have a view of the chat.
import { BEGINNING } from "../../protocol/offsets.ts";
import type { LogRecord } from "../../protocol/records.ts";
import type { ChatState } from "../../protocol/reduce.ts";
import type { Line } from "./line.ts";
import type { Process } from "./process.ts";
import { View } from "./view.ts";
import type { World } from "./world.ts";

export type Form = "socket" | "slow-socket" | "sse" | "text" | "committed-text" | "poll";

export interface ReaderPlan {
  form: Form;
  /** The number of the run it reads; undefined for the whole chat. */
  run: number | undefined;
  /** How often a connection is cut, a record or a chunk of bytes. */
  cut: number;
  /** The longest a record travels, ms. */
  latency: number;
}

export abstract class Client {
  readonly name: string;
  readonly plan: ReaderPlan;
  protected readonly world: World;
  protected line: Line | null = null;

  constructor(world: World, plan: ReaderPlan, index: number) {
    this.world = world;
    this.plan = plan;
    this.name = `reader ${index} (${plan.form} of ${plan.run === undefined ? "the chat" : `run ${plan.run}`})`;
  }

  /** It has all there will ever be. */
  abstract readonly settled: boolean;
  abstract start(): void;
  /** What is wrong with what it has in the end; null when nothing is. */
  abstract difference(log: ChatState): string | null;

  /** The process died. */
  dropped(): void {
    this.line?.cut();
  }

  protected fail(message: string): void {
    this.world.oracle.fail(`${this.name}: ${message}`);
  }
}

/** A client with a view, which comes back as often as it must. */
export abstract class Viewer extends Client {
  readonly view: View;
  protected done = false;

  constructor(world: World, plan: ReaderPlan, index: number) {
    super(world, plan, index);
    this.view = new View(world.oracle, this.name, world.parts.reduce);
  }

  get settled(): boolean {
    if (this.plan.run !== undefined) return this.done;
    const had = this.view.offset === BEGINNING ? 0 : Number.parseInt(this.view.offset, 16);
    return had === this.world.oracle.promised;
  }

  difference(log: ChatState): string | null {
    return this.view.difference(log, this.plan.run);
  }

  protected received(record: LogRecord, offset: string | undefined): void {
    this.world.trace(() => `${this.name} < ${offset ?? ""} ${JSON.stringify(record)}`);
    this.view.take(record, offset);
  }

  start(): void {
    if (this.done) return;
    const { scheduler, random, process } = this.world;
    const again = () => scheduler.after(random.between(50, 800), () => this.start());
    if (process) scheduler.turnAfter(random.between(1, 20), process.life, () => this.connect(process), again);
    else again();
  }

  protected abstract connect(process: Process): void;

  protected lost(): void {
    this.line = null;
    this.world.scheduler.after(this.world.random.between(5, 600), () => this.start());
  }
}

// A disk that a crash takes things from. What a turn wrote stays or goes as a whole; what was written before a finished
// `sync()` stays; of what came after, a crash leaves a seeded number of turns, oldest first.
import { SqliteDisk, type Statement } from "../sqlite-disk.ts";
import type { Random } from "./random.ts";
import type { Life, Scheduler } from "./scheduler.ts";

interface Written {
  turn: number;
  statement: Statement;
}

export interface DiskOptions {
  /** The longest a `sync()` takes, ms. */
  slowest: number;
  /** How often a write fails with an error. */
  failing: number;
}

export class CrashDisk extends SqliteDisk {
  /** The process that uses it at the moment. */
  life: Life = { alive: false };
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #options: DiskOptions;
  #turn = 0;
  #safe = -1;
  /** What was written since `#safe`, to be written again after the rest was rolled back. */
  #written: Written[] = [];
  #rewriting = false;

  constructor(random: Random, scheduler: Scheduler, options: DiskOptions) {
    super();
    this.#random = random;
    this.#scheduler = scheduler;
    this.#options = { ...options };
    this.control("BEGIN");
  }

  /** The turn going on, and the last one that no crash can take. */
  get turn(): number {
    return this.#turn;
  }
  get safe(): number {
    return this.#safe;
  }

  endTurn(): void {
    this.#turn += 1;
  }

  /** From now on nothing fails. */
  heal(): void {
    this.#options.failing = 0;
  }

  protected override beforeWrite(): void {
    if (this.#rewriting || this.#options.failing === 0) return;
    if (this.#random.chance(this.#options.failing)) throw new Error("database or disk is full");
  }

  override transaction<T>(body: () => T): T {
    const before = this.#written.length;
    try {
      return super.transaction(body);
    } catch (error) {
      this.#written.length = before;
      throw error;
    }
  }

  override sync(): Promise<void> {
    const { life } = this;
    const turn = this.#turn;
    const delay = this.#random.between(0, this.#options.slowest);
    return new Promise((resolve) => {
      this.#scheduler.turnAfter(delay, life, () => {
        this.#secure(turn);
        resolve();
      });
    });
  }

  /** Takes what a crash takes, and opens the disk again. */
  crash(): void {
    const turns = this.#written.map(({ turn }) => turn);
    const kept = this.#random.chance(0.4) ? this.#safe : this.#random.pick([this.#safe, ...turns]);
    this.control("ROLLBACK; BEGIN");
    this.#rewrite(this.#written.filter(({ turn }) => turn <= kept));
    this.control("COMMIT; BEGIN");
    this.#written = [];
    this.#safe = this.#turn;
    this.#turn += 1;
  }

  protected override written(statement: Statement): void {
    if (!this.#rewriting) this.#written.push({ turn: this.#turn, statement });
  }

  #secure(turn: number): void {
    if (turn <= this.#safe) return;
    this.#safe = turn;
    const later = this.#written.filter((entry) => entry.turn > turn);
    if (later.length > 0) {
      this.control("ROLLBACK; BEGIN");
      this.#rewrite(this.#written.filter((entry) => entry.turn <= turn));
    }
    this.control("COMMIT; BEGIN");
    this.#rewrite(later);
    this.#written = later;
  }

  #rewrite(entries: readonly Written[]): void {
    this.#rewriting = true;
    for (const { statement } of entries) super.exec(statement.query, ...statement.bindings);
    this.#rewriting = false;
  }
}

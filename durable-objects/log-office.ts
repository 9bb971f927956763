// A producer's office over the chat's own log: one term of one run.
import type { AppendOutcome, Batch, Ended, HeldRun, Office } from "../producers/office.ts";
import type { Phase, Recovery } from "../protocol/records.ts";
import type { LogWriter } from "./log-writer.ts";

export interface LogOfficeOptions {
  writer: LogWriter;
  run: number;
  epoch: number;
  /** Ends the run for this epoch; with `replace`, another one begins in its place. */
  end(ended: Ended, replace: boolean): Promise<void>;
}

export class LogOffice implements Office {
  readonly #options: LogOfficeOptions;
  #seq = 0;

  constructor(options: LogOfficeOptions) {
    this.#options = options;
  }

  get held(): HeldRun | undefined {
    const { writer, run, epoch } = this.#options;
    const open = writer.openRun(run);
    return open?.closed === false && open.epoch === epoch ? open : undefined;
  }

  append(batch: Batch): AppendOutcome {
    const { writer, run, epoch } = this.#options;
    return writer.append(run, epoch, this.#seq++, batch);
  }

  phase(phase: Phase, attempt: number, detail: string | null): void {
    const { writer, run } = this.#options;
    if (this.held) writer.phase(run, phase, attempt, detail);
  }

  recovered(recovery: Omit<Recovery, "at">): void {
    const { writer, run, epoch } = this.#options;
    writer.recovered(run, epoch, recovery);
  }

  async end(ended: Ended, replace: boolean): Promise<void> {
    if (this.held) await this.#options.end(ended, replace);
  }
}

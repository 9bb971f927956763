// A chat whose runs are produced elsewhere: its log on a real SQLite and the producers' door to it, without the platform
// around them. Its memory can be lost; what is on its disk stays.
import { ChunkLog, type RunRow } from "../durable-objects/chunk-log.ts";
import { LogWriter } from "../durable-objects/log-writer.ts";
import { ProducersDoor } from "../durable-objects/producers-door.ts";
import type { Clock } from "../producers/producer.ts";
import type { RunPhaseRecord } from "../protocol/records.ts";
import type { RecoveryPolicy } from "../protocol/requests.ts";
import { CHAT, startedRecord, TestDisk, userMessage } from "./chat-kit.ts";

export class OutsideChat {
  /** Every phase that readers were told of. */
  readonly phases: RunPhaseRecord[] = [];
  readonly #disk = new TestDisk();
  readonly #clock: Clock;
  #object: ReturnType<OutsideChat["open"]>;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#object = this.open();
  }

  private open() {
    const life = { over: false };
    const now = () => this.#clock.now();
    // What was to happen in it does not, once its memory is lost.
    const clock = { now, after: (ms: number, then: () => void) => this.#clock.after(ms, () => life.over || then()) };
    const log = new ChunkLog(this.#disk);
    if (!log.chat) log.create(CHAT, "me", "open", now());
    const audience = {
      shown: (_: unknown, record: { type: string }) => {
        if (record.type === "run.phase") this.phases.push(record as RunPhaseRecord);
      },
      promised: () => {},
    };
    const writer = new LogWriter(log, () => this.#disk.sync(), clock, audience);
    const end: ConstructorParameters<typeof ProducersDoor>[0]["end"] = async (run, epoch, ended) =>
      void (await writer.end(run, epoch, ended));
    return { life, log, writer, door: new ProducersDoor({ log, writer, clock, end }) };
  }

  get door(): ProducersDoor {
    return this.#object.door;
  }

  get writer(): LogWriter {
    return this.#object.writer;
  }

  crash(): void {
    this.#object.life.over = true;
    this.#object = this.open();
  }

  /** Begins a run and returns its number. */
  async ask(model = "model", prompt = "Why?", recovery: RecoveryPolicy = "continue"): Promise<number> {
    const { log, writer } = this.#object;
    const [run, id] = [log.nextRun(), `m${log.last + 1}`];
    const started = { parent: id, tier: "temporal", model, time: this.#clock.now() } as const;
    const open = () => ({
      run,
      recovery,
      plan: null,
      records: [userMessage(id, prompt)],
      started: startedRecord(run, started),
    });
    await writer.start(open).onDisk;
    return run;
  }

  run(run: number): RunRow {
    const row = this.#object.log.run(run);
    if (!row) throw new Error(`There is no run ${run}.`);
    return row;
  }

  recoveries(run: number) {
    return this.#object.log.recoveries(this.run(run));
  }

  /** What is on disk, and what readers see. */
  text(run: number): string {
    return this.#object.log.text(this.run(run)).text;
  }

  shown(run: number): string {
    return this.text(run) + (this.writer.openRun(run)?.tail ?? "");
  }
}

// Planted faults of sharing: each puts one broken part in place of a real one, as a plausible mistake would break it.
import { LogWriter } from "../../durable-objects/log-writer.ts";
import { SharedAnswer } from "../../durable-objects/shared-answer.ts";
import type { Batch } from "../../producers/office.ts";
import type { SharedParts } from "./shared-world.ts";

export const SHARED_MUTANTS: { name: string; parts: Partial<SharedParts> }[] = [
  {
    name: "a follower promises more than it was promised",
    parts: {
      chatWriter: (...of) =>
        new (class extends LogWriter {
          override append(run: number, epoch: number, seq: number, { bound: _, ...batch }: Batch) {
            return super.append(run, epoch, seq, batch);
          }
        })(...of),
    },
  },
  {
    name: "what the answer lost in a crash is not taken back",
    parts: {
      chatWriter: (...of) =>
        new (class extends LogWriter {
          override append(run: number, epoch: number, seq: number, batch: Batch) {
            const { committed, tail } = this.openRun(run) ?? { committed: 0, tail: "" };
            const deltas = batch.deltas.map(({ at, text }) => ({ at: Math.max(at, committed + tail.length), text }));
            return super.append(run, epoch, seq, { ...batch, deltas });
          }
        })(...of),
    },
  },
  {
    name: "who comes later loses the beginning",
    parts: {
      passOn: (record, promised, take) => {
        if (record.type !== "delta" || !promised) take(record, promised);
      },
    },
  },
  {
    name: "one asker's stop stops all",
    parts: {
      sharedAnswer: (options) =>
        new (class extends SharedAnswer {
          override async leave(asker: string) {
            const open = [...options.writer().openRuns()];
            const receipt = await super.leave(asker);
            for (const { run } of open) await options.supervisor().cancel(run);
            return receipt;
          }
        })(options),
    },
  },
  {
    name: "everybody pays",
    parts: {
      sharedAnswer: (options) =>
        new (class extends SharedAnswer {
          override pays() {
            return true;
          }
        })(options),
    },
  },
  {
    name: "each ask has an answer made of its own",
    parts: {
      sharedAnswer: (options) =>
        new (class extends SharedAnswer {
          override join(asking: Parameters<SharedAnswer["join"]>[0]) {
            for (const { run } of options.writer().openRuns()) void options.supervisor().cancel(run);
            return super.join(asking);
          }
        })(options),
    },
  },
];

// What the processes of a measurement used between two moments.
import { machineTicks, type Usage, usageOf } from "./proc.ts";

export interface Pids {
  workerd: number;
  model: number;
}

export interface Spent {
  seconds: number;
  /** CPU seconds of workerd with all its threads, of the scripted model, and of this process, the load. */
  workerd: number;
  model: number;
  load: number;
  /** Share of all cores that was busy with anything at all, 0 to 1. */
  machine: number;
  /** Of workerd at the end, MB. */
  rss: number;
}

/** Begins to measure; what is returned ends it. */
export function meter({ workerd, model }: Pids): () => Spent {
  const read = () => ({
    at: performance.now(),
    workerd: usageOf(workerd),
    model: usageOf(model),
    load: process.cpuUsage(),
    machine: machineTicks(),
  });
  const before = read();
  const cpu = (from: Usage, to: Usage) => to.cpu - from.cpu;
  return () => {
    const after = read();
    return {
      seconds: (after.at - before.at) / 1000,
      workerd: cpu(before.workerd, after.workerd),
      model: cpu(before.model, after.model),
      load: (after.load.user + after.load.system - before.load.user - before.load.system) / 1e6,
      machine: (after.machine.busy - before.machine.busy) / (after.machine.total - before.machine.total),
      rss: after.workerd.rss,
    };
  };
}

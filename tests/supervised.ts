// A chat's object with a supervisor whose provider plays what it is given, for unit tests.
import { ownProducer } from "../durable-objects/own-producer.ts";
import type { RunAsk } from "../durable-objects/run-ask.ts";
import { Supervisor } from "../durable-objects/supervisor.ts";
import { type ManualClock, openObject, TestDisk } from "./chat-kit.ts";
import { type Play, PlayedProvider } from "./played-provider.ts";

interface Options {
  /** Another object's disk and clock: what it is after a crash. */
  disk?: TestDisk;
  clock?: ManualClock;
  reattaches?: boolean;
}

export function supervise(plays: Play[], { disk = new TestDisk(), clock, reattaches = true }: Options = {}) {
  const object = openObject(disk, clock);
  const provider = new PlayedProvider(plays, reattaches);
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const own = ownProducer({
    clock: object.clock,
    random: () => 0.5,
    cost: (_, { inputTokens, outputTokens }) => inputTokens + 10 * outputTokens,
    provider: () => provider,
    log,
  });
  const supervisor = new Supervisor({
    chunkLog: object.log,
    writer: object.writer,
    clock: object.clock,
    producer: () => own,
    log,
  });
  const run = (number: number) => {
    const row = object.log.run(number);
    if (!row) throw new Error(`There is no run ${number}`);
    return row;
  };
  return { ...object, provider, supervisor, logged, run, text: (number: number) => object.log.text(run(number)).text };
}

export function ask(more: Partial<RunAsk> = {}): RunAsk {
  return {
    prompt: "Why?",
    tier: "mvp",
    provider: "openai",
    model: "model",
    params: { temperature: null, maxOutputTokens: null, system: null },
    cache: { mode: "default", ttl: null, pace: "instant" },
    tenant: "open",
    recovery: "continue",
    idempotency: null,
    ...more,
  };
}

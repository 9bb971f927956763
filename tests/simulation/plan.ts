// What a seed's world is like: how slow its disk is, what its models do, who asks, who reads, and when it crashes.
import type { ProviderName } from "../../protocol/records.ts";
import type { RecoveryPolicy } from "../../protocol/requests.ts";
import type { Form } from "./client.ts";
import type { DiskOptions } from "./crash-disk.ts";
import { type ModelOptions, NO_FAULTS } from "./model.ts";
import type { Random } from "./random.ts";

export interface AskPlan {
  at: number;
  /** `again` answers the last message again; `edit` begins the chat anew. */
  kind: "follow" | "again" | "edit";
  provider: ProviderName;
  policy: RecoveryPolicy;
  /** Repeated with the same key when no reply came; without a key it is sent once. */
  key: string | null;
  /** When it is stopped, after the reply; null when never. */
  stopAfter: number | null;
}

export interface ReaderStart {
  at: number;
  form: Form;
  /** Reads one run rather than the whole chat. */
  one: boolean;
  cut: number;
  latency: number;
}

export interface Plan {
  /** Nothing happens that could break a run. */
  serene: boolean;
  disk: DiskOptions;
  models: ModelOptions;
  asks: AskPlan[];
  readers: ReaderStart[];
  /** When runs begin whose producers are outside, and when such a producer takes over a run that has another. */
  outside: number[];
  usurpers: number[];
  /** When the chat is given another title. */
  titles: number[];
  /** The turns after which the process dies. */
  crashes: number[];
  /** From when on nothing breaks any more, ms. */
  calm: number;
}

const FORMS: Form[] = ["socket", "socket", "slow-socket", "sse", "sse", "poll", "text", "committed-text"];
const PROVIDERS: ProviderName[] = ["openai", "openai", "anthropic", "compatible"];
const POLICIES: RecoveryPolicy[] = ["free", "continue", "continue", "replace"];

export function makePlan(random: Random): Plan {
  const calm = random.between(1_500, 6_000);
  const serene = random.chance(0.1);
  const crowded = random.chance(0.03);
  const times = (most: number) => Array.from({ length: random.between(0, most) }, () => random.between(0, calm));
  const faults = {
    transient: random.pick([0, 0, 0.2]),
    final: random.pick([0, 0, 0.05]),
    cut: random.pick([0, 0.3, 0.7]),
    silent: random.pick([0, 0, 0.15]),
    forgotten: random.pick([0, 0, 0.3]),
    unkept: random.pick([0, 0, 0.3]),
    unwilling: random.pick([0, 0, 0.5, 1]),
  };
  return {
    serene,
    disk: { slowest: random.pick([2, 30, 400]), failing: serene ? 0 : random.pick([0, 0, 0, 0, 0.02]) },
    models: {
      faults: serene ? NO_FAULTS : faults,
      pieces: random.pick([3, 20, crowded ? 20 : 50]),
      characters: random.chance(0.1) ? 1_500 : random.pick([1, 6, 40]),
      gap: random.pick([10, 60, 200]),
    },
    asks: [0, ...times(2)].map((at, index) => makeAsk(random, at, index)),
    readers: Array.from({ length: crowded ? random.between(17, 24) : random.between(1, 4) }, () => ({
      at: random.between(0, crowded ? 400 : calm),
      form: crowded ? "socket" : random.pick(FORMS),
      one: random.chance(0.5),
      cut: random.pick([0, 0.02, 0.15]),
      latency: random.pick([1, 30, 300]),
    })),
    outside: random.chance(0.25) ? times(2) : [],
    usurpers: serene || random.chance(0.8) ? [] : times(2),
    titles: random.chance(0.3) ? times(2) : [],
    crashes: serene
      ? []
      : Array.from({ length: random.pick([0, 1, 1, 2, 4]) }, () => random.between(1, random.pick([30, 90, 200]))),
    calm,
  };
}

function makeAsk(random: Random, at: number, index: number): AskPlan {
  return {
    at,
    kind: index === 0 ? "edit" : random.pick(["follow", "again", "edit"]),
    provider: random.pick(PROVIDERS),
    policy: random.pick(POLICIES),
    key: random.chance(0.6) ? `key-${index}` : null,
    stopAfter: random.chance(0.15) ? random.between(0, 2_000) : null,
  };
}

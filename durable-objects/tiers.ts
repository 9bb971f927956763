// The tiers of a chat: each one's producer, put together from the environment and the chat's own parts.
import { cacheConfigOf } from "../cache/config.ts";
import { answerKey } from "../cache/key.ts";
import { responseCacheOf } from "../cache/response-cache.ts";
import type { Clock } from "../producers/producer.ts";
import type { Tier } from "../protocol/records.ts";
import { providersOf } from "../providers/registry.ts";
import { answerDoor } from "./answer-door.ts";
import { bridgeOf, ownerTag } from "./bridge-client.ts";
import type { ChunkLog } from "./chunk-log.ts";
import { commission } from "./commission.ts";
import type { LogWriter } from "./log-writer.ts";
import { type OwnProducerOptions, ownProducer } from "./own-producer.ts";
import type { ProducersDoor } from "./producers-door.ts";
import { redisTier } from "./redis-tier.ts";
import type { TierProducer } from "./tier-producer.ts";

interface ChatParts {
  log: ChunkLog;
  writer: LogWriter;
  door: ProducersDoor;
  clock: Clock;
  /** Lets something go on with nobody waiting for it. */
  background(work: Promise<unknown>): void;
  tell: OwnProducerOptions["log"];
}

/** What every producer has around it in this deployment. */
export function surroundingsOf(env: Env, clock: Clock, log: OwnProducerOptions["log"]): OwnProducerOptions {
  const providers = providersOf(env);
  return {
    clock,
    random: Math.random,
    cost: ({ provider, ask }, bill) => providers.costOf(provider.name, ask.model, bill),
    provider: (name) => providers.get(name),
    log,
  };
}

export function tiersOf(
  env: Env,
  { log, writer, door, clock, background, tell }: ChatParts,
): (tier: Tier) => TierProducer {
  const surroundings = surroundingsOf(env, clock, tell);
  const own = ownProducer(surroundings);
  const redis = redisTier({
    ...surroundings,
    cache: responseCacheOf(env),
    ttl: cacheConfigOf(env).ttl,
    keyOf: answerKey,
    answer: (name) => answerDoor(env.ANSWER, name),
    uuid: () => crypto.randomUUID(),
  });
  const bridge = bridgeOf(env);
  const temporal =
    bridge &&
    commission({
      ...surroundings,
      bridge,
      door,
      chatId: () => log.chat?.chatId ?? "",
      owner: () => ownerTag(log.chat?.owner ?? ""),
      isOpen: (run) => writer.openRun(run)?.closed === false,
      phase: (run, phase, attempt, detail) => writer.phase(run, phase, attempt, detail),
      background,
    });
  // A run of a tier that is off by now is still brought to its end.
  return (tier) => (tier === "temporal" && temporal) || (tier === "redis" ? redis : own);
}

// The one place where the Worker's parts are built from its environment, once an isolate.
import type { Archive } from "../archive/archive.ts";
import { archiveOf } from "../archive/config.ts";
import { type ResponseCache, responseCacheOf } from "../cache/response-cache.ts";
import { type StatsCounters, statsCountersOf } from "../cache/stats-counters.ts";
import { type Bridge, bridgeOf } from "../durable-objects/bridge-client.ts";
import type { ChatObject } from "../durable-objects/chat.ts";
import { chatOf } from "../durable-objects/chat-address.ts";
import type { DeploymentObject } from "../durable-objects/deployment.ts";
import type { PersonObject } from "../durable-objects/person.ts";
import { createProviders, type Providers } from "../providers/registry.ts";
import { createDoor, type Door } from "./auth/door.ts";
import { createMadeTokens, type MadeTokens } from "./auth/made-tokens.ts";
import { parseEnv, type Settings } from "./env.ts";
import { createModelList, type ModelList } from "./model-list.ts";
import { createProbe, type Probe } from "./probe.ts";
import { createSpareChat, type SpareChat } from "./spare-chat.ts";

/** What a health check waits for the archive, ms. */
const PING_MS = 1_000;

export interface Services {
  settings: Settings;
  providers: Providers;
  models: ModelList;
  /** Answers that are kept; null where none are. */
  cache: ResponseCache | null;
  /** What answers cost and spared; null without a cache. */
  counters: StatsCounters | null;
  /** Null where none is set up. */
  archive: Archive | null;
  /** Whether each part answers. */
  probes: { objects: Probe; cache: Probe; archive: Probe; bridge: Probe };
  /** In front of Temporal; null where none is set up. */
  bridge: Bridge | null;
  /** Whether bridge and worker run in containers of this deployment. */
  containers: boolean;
  sessionSecret(): Promise<string>;
  door: Door;
  madeTokens: MadeTokens;
  deployment(): DurableObjectStub<DeploymentObject>;
  /** Where new chats begin. */
  spareChat: SpareChat;
  /** Of an id nobody gave, an object that holds nothing, and is asked without touching any storage. */
  chat(chatId: string): DurableObjectStub<ChatObject>;
  person(person: string): DurableObjectStub<PersonObject>;
}

const built = new WeakMap<Env, Services>();

export function servicesOf(env: Env): Services {
  let services = built.get(env);
  if (!services) {
    services = build(env);
    built.set(env, services);
  }
  return services;
}

function build(env: Env): Services {
  const settings = parseEnv(env);
  const providers = createProviders(settings.providers);
  const deployment = () => env.DEPLOYMENT.get(env.DEPLOYMENT.idFromName("deployment"));
  let secret = settings.SESSION_SECRET;
  async function sessionSecret(): Promise<string> {
    // The value is kept, not the promise: that belongs to the request that made it, and never settles when that is cancelled.
    secret ??= await deployment().sessionSecret();
    return secret;
  }
  const { archive } = archiveOf(env);
  const madeTokens = createMadeTokens(deployment, Date.now);
  const cache = responseCacheOf(env);
  const bridge = bridgeOf(env);
  const probe = (check: () => Promise<void>) => createProbe(check, Date.now);
  return {
    settings,
    providers,
    models: createModelList(providers, Date.now),
    cache,
    counters: statsCountersOf(env),
    archive,
    probes: {
      objects: probe(() => deployment().ping()),
      cache: probe(async () => {
        if ((await cache?.find("health"))?.kind === "unavailable") throw new Error("no answer");
      }),
      archive: probe(async () => archive?.ping(PING_MS)),
      bridge: probe(async () => {
        const answer = await bridge?.health();
        if (answer && !answer.ok) throw new Error(answer.detail);
      }),
    },
    bridge,
    containers: "BRIDGE" in env && !settings.TEMPORAL_BRIDGE_URL,
    sessionSecret,
    door: createDoor(settings, madeTokens, sessionSecret),
    madeTokens,
    deployment,
    spareChat: createSpareChat({
      newId: () => env.CHAT.newUniqueId().toString(),
      wake: (id) => env.CHAT.get(env.CHAT.idFromString(id)).wake(),
      now: Date.now,
      wait: (ms) => scheduler.wait(ms),
    }),
    chat: (chatId) => chatOf(env.CHAT, chatId),
    person: (person) => env.PERSON.get(env.PERSON.idFromName(person)),
  };
}

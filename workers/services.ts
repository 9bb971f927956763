// The one place where the Worker's parts are built from its environment, once an isolate.
import { type ResponseCache, responseCacheOf } from "../cache/response-cache.ts";
import { type Bridge, bridgeOf } from "../durable-objects/bridge-client.ts";
import type { ChatObject } from "../durable-objects/chat.ts";
import type { DeploymentObject } from "../durable-objects/deployment.ts";
import type { PersonObject } from "../durable-objects/person.ts";
import { createProviders, type Providers } from "../providers/registry.ts";
import { createDoor, type Door } from "./auth/door.ts";
import { createMadeTokens, type MadeTokens } from "./auth/made-tokens.ts";
import { parseEnv, type Settings } from "./env.ts";
import { createModelList, type ModelList } from "./model-list.ts";

export interface Services {
  settings: Settings;
  providers: Providers;
  models: ModelList;
  /** Answers that are kept; null where none are. */
  cache: ResponseCache | null;
  /** In front of Temporal; null where none is set up. */
  bridge: Bridge | null;
  sessionSecret(): Promise<string>;
  door: Door;
  madeTokens: MadeTokens;
  deployment(): DurableObjectStub<DeploymentObject>;
  newChatId(): string;
  /** Undefined when `chatId` is not an id this deployment gave: no object is reached and no storage touched. */
  chat(chatId: string): DurableObjectStub<ChatObject> | undefined;
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
  const madeTokens = createMadeTokens(deployment, Date.now);
  return {
    settings,
    providers,
    models: createModelList(providers, Date.now),
    cache: responseCacheOf(env),
    bridge: bridgeOf(env),
    sessionSecret,
    door: createDoor(settings, madeTokens, sessionSecret),
    madeTokens,
    deployment,
    newChatId: () => env.CHAT.newUniqueId().toString(),
    chat(chatId) {
      try {
        return env.CHAT.get(env.CHAT.idFromString(chatId));
      } catch {
        return undefined;
      }
    },
    person: (person) => env.PERSON.get(env.PERSON.idFromName(person)),
  };
}

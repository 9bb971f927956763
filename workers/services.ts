// The one place where the Worker's parts are built from its environment, once an isolate.
import { type Bridge, bridgeOf } from "../durable-objects/bridge-client.ts";
import type { ChatObject } from "../durable-objects/chat.ts";
import type { PersonObject } from "../durable-objects/person.ts";
import { createProviders, type Providers } from "../providers/registry.ts";
import { createApiTokens } from "./auth/api-tokens.ts";
import type { Identity } from "./auth/identity.ts";
import { parseEnv, type Settings } from "./env.ts";
import { createModelList, type ModelList } from "./model-list.ts";

export interface Services {
  settings: Settings;
  providers: Providers;
  models: ModelList;
  /** In front of Temporal; null where none is set up. */
  bridge: Bridge | null;
  sessionSecret(): Promise<string>;
  /** Whose token of `API_TOKENS` this is. */
  apiToken(presented: string): Promise<Identity | undefined>;
  /** Rejects when Durable Objects can't be reached. */
  deploymentAnswers(): Promise<void>;
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
  return {
    settings,
    providers,
    models: createModelList(providers, Date.now),
    bridge: bridgeOf(env),
    async sessionSecret() {
      // The value is kept, not the promise: that belongs to the request that made it, and never settles when that is cancelled.
      secret ??= await deployment().sessionSecret();
      return secret;
    },
    apiToken: createApiTokens(settings.API_TOKENS),
    deploymentAnswers: () => deployment().ping(),
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
